#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A queue into a thread that waits: any thread puts in, one thread takes out, all that is there at a time.
///
/// It bounds nothing itself: who puts in has reserved the bytes before.
///
/// `@unchecked Sendable`: `elements` and `isClosed` are touched only with `mutex` held, and the pointers never change.
@safe package final class BlockingQueue<Element: Sendable>: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private var elements: [Element] = []
    private var isClosed = false

    package init() {
        unsafe mutex = .allocate(capacity: 1)
        unsafe condition = .allocate(capacity: 1)
        unsafe pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(condition, &attributes)
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe pthread_mutex_destroy(mutex)
        unsafe condition.deallocate()
        unsafe mutex.deallocate()
    }

    /// - Returns: false where the queue is closed; the element was not put in.
    @discardableResult
    package func put(_ element: Element) -> Bool {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        if isClosed { return false }
        elements.append(element)
        unsafe pthread_cond_signal(condition)
        return true
    }

    /// Nothing can be put in any more; what is there can still be taken.
    package func close() {
        unsafe pthread_mutex_lock(mutex)
        isClosed = true
        unsafe pthread_cond_broadcast(condition)
        unsafe pthread_mutex_unlock(mutex)
    }

    /// Waits until there is something, and takes all of it, in order.
    ///
    /// - Parameter timeout: to wait at the most; nil for no end.
    /// - Returns: empty when the time is up; nil when the queue is closed and empty.
    package func takeAll(timeout: Duration? = nil) -> [Element]? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        wait(timeout)
        if elements.isEmpty { return isClosed ? nil : [] }
        let taken = elements
        elements = []
        return taken
    }

    /// Waits until there is something, and takes the first: for several threads that share the work.
    ///
    /// - Returns: nil when the queue is closed and empty.
    package func takeFirst() -> Element? {
        unsafe pthread_mutex_lock(mutex)
        defer { unsafe pthread_mutex_unlock(mutex) }
        wait(nil)
        return elements.isEmpty ? nil : elements.removeFirst()
    }

    private func wait(_ timeout: Duration?) {
        guard let timeout else {
            while elements.isEmpty && !isClosed { unsafe pthread_cond_wait(condition, mutex) }
            return
        }
        var until = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &until)
        let (seconds, attoseconds) = timeout.components
        let nanoseconds = Int64(until.tv_nsec) + attoseconds / 1_000_000_000
        until.tv_sec += Int(seconds + nanoseconds / 1_000_000_000)
        until.tv_nsec = Int(nanoseconds % 1_000_000_000)
        while elements.isEmpty && !isClosed {
            if unsafe pthread_cond_timedwait(condition, mutex, &until) == ETIMEDOUT { return }
        }
    }
}
