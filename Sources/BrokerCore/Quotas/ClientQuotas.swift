internal import FileAccess
internal import KafkaProtocol
internal import Primitives
internal import Synchronization
internal import SystemPackage

/// Holds clients to their quotas of bytes per second, and keeps the quotas in the data directory.
final class ClientQuotas: Sendable {
    /// Clients that are counted apart; what more there are share one count, until others have been quiet for a while.
    static let maximumCounts = 50_000

    private struct Count: Hashable {
        var key: QuotaKey
        var sharers: QuotaEntity
    }

    private struct State {
        var table: QuotaTable
        var windows: [Count: RateWindow] = [:]
    }

    private let file: QuotaFile
    private let clock: any WallClock
    private let state: Mutex<State>

    /// - Parameter defaults: of the configuration file, in bytes per second.
    init(
        defaults: [QuotaKey: Double], in directory: FilePath, fileSystem: any FileSystem, clock: any WallClock
    ) throws {
        file = QuotaFile(in: directory, fileSystem: fileSystem)
        self.clock = clock
        state = Mutex(State(table: QuotaTable(entries: try file.read(), defaults: defaults)))
    }

    /// Those that are set at run time.
    var entries: [QuotaEntity: [QuotaKey: Double]] { state.withLock { $0.table.entries } }

    /// Sets other quotas, which are in force, durably, on return. Blocks: for the control thread.
    func replace(_ entries: [QuotaEntity: [QuotaKey: Double]]) throws(ChangeRefusal) {
        do throws(FileError) { try file.write(entries) } catch {
            throw ChangeRefusal(code: .kafkaStorageError, message: "cannot store the quotas: \(error)")
        }
        state.withLock { state in
            state.table.entries = entries
            // Counts of who has no quota any more.
            state.windows = [:]
        }
    }

    /// One client's share of what is limited.
    struct Share: Sendable {
        fileprivate let quotas: ClientQuotas
        fileprivate let key: QuotaKey
        fileprivate let found: QuotaTable.Found?

        /// More than this at a time would always be too much.
        var mostBytes: Int {
            guard let found else { return .max }
            let bytes = found.bytesPerSecond * Double(RateWindow.fullMilliseconds) / 1000
            return bytes < Double(Int32.max) ? Int(bytes) : .max
        }

        /// Counts bytes.
        ///
        /// - Parameter orNothing: what is too much is not to be sent, and so not counted; except where nothing else is
        ///   counted, or a batch larger than the quota could never be fetched.
        /// - Returns: for how many milliseconds the client is to be kept waiting.
        func take(_ bytes: Int, orNothing: Bool = false) -> Int32 {
            guard let found else { return 0 }
            return quotas.take(bytes, key, found, orNothing: orNothing)
        }
    }

    func share(_ key: QuotaKey, of client: ClientConnection, clientID: String?) -> Share {
        let user = client.principal.drop { $0 != ":" }.dropFirst()
        let found = state.withLock { $0.table.find(key, user: String(user), clientID: clientID ?? "") }
        return Share(quotas: self, key: key, found: found)
    }

    private func take(_ bytes: Int, _ key: QuotaKey, _ found: QuotaTable.Found, orNothing: Bool) -> Int32 {
        let now = clock.now().milliseconds
        return state.withLock { state in
            let count = count(key, found.sharers, now, &state)
            var window = state.windows[count] ?? RateWindow()
            defer { state.windows[count] = window }
            let isOnlyOne = orNothing && window.isEmpty(at: now)
            window.record(bytes, at: now)
            let throttle = window.throttle(to: found.bytesPerSecond, at: now)
            guard throttle > 0, orNothing else { return throttle }
            if isOnlyOne { return 0 }
            window.record(-bytes, at: now)
            return throttle
        }
    }

    private func count(_ key: QuotaKey, _ sharers: QuotaEntity, _ now: Int64, _ state: inout State) -> Count {
        let count = Count(key: key, sharers: sharers)
        if state.windows[count] != nil || state.windows.count < Self.maximumCounts { return count }
        state.windows = state.windows.filter { !$0.value.isEmpty(at: now) }
        return state.windows.count < Self.maximumCounts ? count : Count(key: key, sharers: QuotaEntity())
    }
}
