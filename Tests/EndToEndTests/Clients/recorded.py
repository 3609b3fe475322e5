"""A client whose calls are noted, so that a test of all calls knows which it has forgotten."""


def expect(condition, message):
    if not condition:
        raise SystemExit(message)


def refused(error, call, *arguments, **options):
    """Expects a call to raise an error of this kind, and returns it."""
    try:
        result = call(*arguments, **options)
    except error as found:
        return found
    raise SystemExit("%s was answered with %r" % (getattr(call, "__name__", call), result))


class Recorded:
    def __init__(self, client):
        self._client = client
        self._called = set()

    def __getattr__(self, name):
        self._called.add(name)
        return getattr(self._client, name)

    def expect_all_called(self, left_out):
        """
        :param left_out: the calls that are not tried, each with why
        """
        names = {name for name in dir(self._client) if not name.startswith("_") and callable(getattr(self._client, name))}
        forgotten = names - self._called - set(left_out)
        expect(not forgotten, "not called: %s" % ", ".join(sorted(forgotten)))
        expect(not set(left_out) - names, "the client has no %s" % ", ".join(set(left_out) - names))
        expect(not set(left_out) & self._called, "called all the same: %s" % ", ".join(set(left_out) & self._called))
