internal import NIOCore
internal import NIOPosix

/// Asks a function in place of the system where a host is.
struct HandedInResolver: Resolver, Sendable {
    let eventLoop: any EventLoop
    let resolve: @Sendable (_ host: String, _ port: Int) -> [SocketAddress]

    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        eventLoop.makeSucceededFuture(resolve(host, port).filter { $0.protocol == .inet })
    }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        eventLoop.makeSucceededFuture(resolve(host, port).filter { $0.protocol == .inet6 })
    }

    func cancelQueries() {}
}
