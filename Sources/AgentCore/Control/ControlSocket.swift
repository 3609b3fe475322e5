internal import FileAccess
internal import Glibc
internal import Logging
internal import Primitives
internal import SystemPackage

/// The socket `control.sock` (mode 0600) in the state directory. One request after the other, on a thread of its own:
/// a client that is slow, silent or hostile costs a few seconds of that thread's time and 64 KiB, and the pipeline nothing.
final class ControlSocket: Sendable {
    static let name = "control.sock"
    static let requestLimit = 64 << 10
    /// How long a client may take for its request, or to take its answer.
    static let patience = Duration.seconds(5)

    private let path: FilePath
    private let stopping = Inbox<Void>()

    /// Listens from now on. The caller holds the state directory's lock, so what is there is left over.
    ///
    /// - Throws: also where the path is longer than a socket's may be (107 bytes, unix(7)).
    init(in directory: FilePath, desk: ControlDesk) throws(FileError) {
        path = directory.appending(Self.name)
        unsafe unlink(path.string)
        let listener = try LocalSocket.listen(at: path)
        DedicatedThread.start("control") { [self] in
            serve(listener, desk)
        }
    }

    /// Answers nobody any more, but for who was asking.
    func stop() {
        stopping.put(())
        unsafe unlink(path.string)
    }

    private func serve(_ listener: LocalSocket, _ desk: ControlDesk) {
        while stopping.isEmpty {
            stopping.wait(orReadable: listener.descriptor, timeout: .seconds(3600))
            while let client = listener.accept() {
                answer(client, desk)
                if !stopping.isEmpty { break }
            }
        }
    }

    private func answer(_ client: LocalSocket, _ desk: ControlDesk) {
        guard let line = client.readLine(limit: Self.requestLimit, within: Self.patience) else { return }
        var bytes: [UInt8] = []
        func add(_ value: JSONValue) {
            value.write(to: &bytes)
            bytes.append(0x0a)
        }
        do throws(ControlError) {
            for value in try desk.carryOut(try ControlRequest(parsing: line)) { add(value) }
            add(.object(["done": .boolean(true)]))
        } catch {
            add(.object(["error": .string("\(error)")]))
        }
        client.write(bytes, within: Self.patience)
    }
}
