internal import CLinux

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A thread of its own for work that blocks: file calls, waiting for files to change. Neither event loops nor the
/// cooperative pool may be kept waiting by such work.
package enum DedicatedThread {
    /// Starts a thread that runs `body` and ends with it.
    ///
    /// - Parameter name: as tools show it; the kernel takes 15 bytes.
    package static func start(_ name: String, _ body: sending @escaping () -> Void) {
        let box = unsafe Unmanaged.passRetained(Body(name: name, run: body))
        var thread = pthread_t()
        let status = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                unsafe tributary_name_thread(body.name)
                body.run()
                return nil
            }, unsafe box.toOpaque())
        precondition(status == 0, "cannot start a thread: pthread_create gave error \(status)")
        pthread_detach(thread)
    }

    private final class Body {
        let name: String
        let run: () -> Void

        init(name: String, run: @escaping () -> Void) {
            self.name = name
            self.run = run
        }
    }
}
