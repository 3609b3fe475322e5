internal import CLinux
internal import Glibc
internal import Synchronization

/// Messages to a thread that waits for files to change as well: it waits on both with poll(2).
final class Inbox<Message: Sendable>: Sendable {
    private let messages = Mutex<[Message]>([])
    private let event: CInt

    init() {
        event = eventfd(0, CInt(EFD_CLOEXEC) | CInt(EFD_NONBLOCK))
        precondition(event != -1, "cannot make an eventfd: errno \(errno)")
    }

    deinit { close(event) }

    func put(_ message: Message) {
        let wasEmpty = messages.withLock { messages in
            messages.append(message)
            return messages.count == 1
        }
        if wasEmpty {
            var one: UInt64 = 1
            // It only fails where the counter is full, and then the reader is woken anyway.
            _ = unsafe write(event, &one, 8)
        }
    }

    var isEmpty: Bool { messages.withLock { $0.isEmpty } }

    func takeAll() -> [Message] {
        messages.withLock { messages in
            defer { messages = [] }
            return messages
        }
    }

    /// Waits for a message, for `descriptor` (-1: none) to become readable, or for the time to be up.
    func wait(orReadable descriptor: CInt, timeout: Duration) {
        var waits = [
            pollfd(fd: event, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
        ]
        let milliseconds = timeout.components.seconds * 1000 + timeout.components.attoseconds / 1_000_000_000_000_000
        // Part of a millisecond is waited as a whole one, or the loop would spin through it.
        _ = unsafe poll(
            &waits, 2, CInt(clamping: max(0, milliseconds) + (timeout > .milliseconds(milliseconds) ? 1 : 0)))
        var count: UInt64 = 0
        _ = unsafe read(event, &count, 8)
    }
}
