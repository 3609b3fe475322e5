internal import FileAccess
internal import Primitives

/// A file's bytes: those that the kernel shows, those that the disk has, and the changes between.
struct SimulatedContent: Sendable {
    enum Change: Sendable {
        case write(position: Int, [UInt8])
        case resize(Int)
    }

    static let sector = 512
    private static let block = 4096

    private(set) var bytes: [UInt8] = []
    private(set) var durable: [UInt8] = []
    private(set) var pending: [Change] = []
    /// The blocks that hold data; the others are holes.
    private var blocks: Set<Int> = []

    var allocated: Int { blocks.count * Self.block }

    mutating func change(_ change: Change) {
        Self.apply(change, to: &bytes)
        pending.append(change)
        switch change {
        case .write(let position, let written):
            blocks.formUnion(position / Self.block...(position + written.count - 1) / Self.block)
        case .resize(let size):
            blocks = blocks.filter { $0 * Self.block < size }
        }
    }

    mutating func synchronize() {
        for change in pending { Self.apply(change, to: &durable) }
        pending = []
    }

    /// What was pending will not reach the disk any more.
    mutating func forgetPending() {
        pending = []
    }

    func nextData(from position: Int) -> Int? {
        guard position < bytes.count else { return nil }
        if blocks.contains(position / Self.block) { return position }
        guard let next = blocks.filter({ $0 * Self.block > position }).min(), next * Self.block < bytes.count else {
            return nil
        }
        return next * Self.block
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .write(let position, let written):
            grow(&bytes, to: position + written.count)
            bytes.replaceSubrange(position..<position + written.count, with: written)
        case .resize(let size):
            if size < bytes.count { bytes.removeLast(bytes.count - size) } else { grow(&bytes, to: size) }
        }
    }

    private static func grow(_ bytes: inout [UInt8], to size: Int) {
        if size > bytes.count { bytes += [UInt8](repeating: 0, count: size - bytes.count) }
    }

    // MARK: After a crash

    /// What a power failure leaves: a state that is durable now.
    mutating func losePower(_ random: inout SeededGenerator) {
        switch Int.random(in: 0..<6, using: &random) {
        case 0: break
        case 1: for change in pending { Self.apply(change, to: &durable) }
        case 2, 3: keepTornPrefix(&random)
        default: keepSomeSectors(&random)
        }
        bytes = durable
        pending = []
        blocks = bytes.isEmpty ? [] : Set(0...(bytes.count - 1) / Self.block)
    }

    /// The changes in order up to one of them, which is torn at any byte.
    private mutating func keepTornPrefix(_ random: inout SeededGenerator) {
        guard !pending.isEmpty else { return }
        let kept = Int.random(in: 0..<pending.count, using: &random)
        for change in pending[..<kept] { Self.apply(change, to: &durable) }
        guard case .write(let position, let written) = pending[kept] else { return }
        let part = Int.random(in: 0...written.count, using: &random)
        // The size may be on disk before the bytes are: they are zeros then.
        if random.chance(30) { Self.grow(&durable, to: position + written.count) }
        if part > 0 { Self.apply(.write(position: position, Array(written.prefix(part))), to: &durable) }
    }

    /// Any of the changes, writes sector by sector: a later one may be there and an earlier one not.
    private mutating func keepSomeSectors(_ random: inout SeededGenerator) {
        let percent = [20, 50, 80, 95].randomElement(using: &random) ?? 50
        for change in pending {
            guard case .write(let position, let written) = change else {
                if random.chance(percent) { Self.apply(change, to: &durable) }
                continue
            }
            var start = position
            while start < position + written.count {
                let end = min(position + written.count, (start / Self.sector + 1) * Self.sector)
                if random.chance(percent) {
                    let part = Array(written[start - position..<end - position])
                    Self.apply(.write(position: start, part), to: &durable)
                }
                start = end
            }
        }
    }
}

/// A directory's names: those that the kernel shows, those that the disk has, and the changes between.
struct SimulatedDirectory: Sendable {
    enum Change: Sendable {
        case put(String, Int)
        case remove(String)
        case move(String, String, Int)
    }

    private(set) var entries: [String: Int] = [:]
    fileprivate var durable: [String: Int] = [:]
    fileprivate var pending: [Change] = []

    mutating func change(_ change: Change) {
        Self.apply(change, to: &entries)
        pending.append(change)
    }

    mutating func synchronize() {
        durable = entries
        pending = []
    }

    private static func apply(_ change: Change, to entries: inout [String: Int]) {
        switch change {
        case .put(let name, let number): entries[name] = number
        case .remove(let name): entries[name] = nil
        case .move(let old, let new, let number):
            entries[old] = nil
            entries[new] = number
        }
    }

    /// What a power failure leaves: none, all, the first, or any of the changes.
    mutating func losePower(_ random: inout SeededGenerator) {
        switch Int.random(in: 0..<4, using: &random) {
        case 0: break
        case 1: durable = entries
        case 2:
            for change in pending.prefix(Int.random(in: 0...pending.count, using: &random)) {
                Self.apply(change, to: &durable)
            }
        default:
            for change in pending where random.chance(50) { Self.apply(change, to: &durable) }
        }
        entries = durable
        pending = []
    }
}

extension SimulatedFileSystem.State {
    mutating func restart(after crash: SimulatedFileSystem.Crash, seed: UInt64) {
        if crash == .powerLoss {
            var random = SeededGenerator(seed: seed)
            // In the order of their numbers, so that a seed repeats.
            for number in files.keys.sorted() { files[number]?.losePower(&random) }
            for number in directories.keys.sorted() { directories[number]?.losePower(&random) }
        }
        dropUnreachable()
        usedBytes = files.values.reduce(0) { $0 + Int64($1.bytes.count) }
        generation += 1
        openCounts = [:]
        locks = [:]
        stop = nil
        hasStopped = false
        failures = []
    }

    /// Files without a name are gone with the process that had them open. After a kill the disk may still have their
    /// names, so they stay as long as the machine runs.
    private mutating func dropUnreachable() {
        var reachable: Set<Int> = [0]
        var queue = [0]
        while let number = queue.popLast() {
            for child in directories[number]?.allNumbers ?? [] where reachable.insert(child).inserted {
                queue.append(child)
            }
        }
        files = files.filter { reachable.contains($0.key) }
        directories = directories.filter { reachable.contains($0.key) }
        links = links.filter { reachable.contains($0.key) }
        stamps = stamps.filter { reachable.contains($0.key) }
    }
}

extension SimulatedDirectory {
    /// Everything that has a name here, or may have one again after a power failure.
    var allNumbers: Set<Int> {
        var numbers = Set(entries.values).union(durable.values)
        for change in pending {
            switch change {
            case .put(_, let number), .move(_, _, let number): numbers.insert(number)
            case .remove: break
            }
        }
        return numbers
    }
}
