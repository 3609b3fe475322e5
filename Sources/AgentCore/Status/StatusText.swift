/// The status as a person reads it.
enum StatusText {
    static func lines(_ answer: [JSONValue]) -> [String] {
        var rows = [["SOURCE", "READ", "DELIVERED", "FILTERED", "DEAD", "DROPPED", "IN FLIGHT", "READ BYTES", "LOST"]]
        let shares = ["read", "delivered", "filtered", "dead_lettered", "dropped", "in_flight"]
        var others: [String] = []
        for value in answer {
            guard let name = value["source"]?.string else {
                if let agent = value["agent"] { others.append(agentLine(agent)) }
                continue
            }
            func number(_ key: String, _ part: String) -> Int64 { value[key]?[part]?.integer ?? 0 }
            let lost = ["truncated_unread_bytes", "deleted_unread_bytes"].reduce(0) { $0 + (value[$1]?.integer ?? 0) }
            rows.append(
                [name] + shares.map { String(number($0, "records")) } + [String(number("read", "bytes")), String(lost)])
            let left = (records: number("unaccounted", "records"), bytes: number("unaccounted", "bytes"))
            if left.records != 0 || left.bytes != 0 {
                others.append(
                    "BUG: the account of \(name) does not add up: \(left.records) records, \(left.bytes) bytes; please report it"
                )
            }
        }
        return ControlText.table(rows, numbers: 1...8) + others
    }

    private static func agentLine(_ agent: JSONValue) -> String {
        func number(_ key: String) -> Int64 { agent[key]?.integer ?? 0 }
        var line =
            "up \(number("uptime_seconds")) s; \(number("files")) files, \(number("files_open")) of them open; "
            + "\(number("batches_in_flight")) batches on their way; buffers \(number("buffers_used")) of "
            + "\(number("buffers_limit")) bytes; \(number("memory_bytes") >> 20) MiB in memory"
        if number("files_waiting") > 0 { line += "; \(number("files_waiting")) files wait for files.limit" }
        if number("files_pinned") > 0 {
            line += "; \(number("files_pinned")) rotated files with \(number("pinned_bytes")) bytes unread"
        }
        if number("records_may_be_doubled") > 0 {
            line += "; \(number("records_may_be_doubled")) records may be double"
        }
        if number("records_lost_by_broker") > 0 { line += "; \(number("records_lost_by_broker")) lost by the broker" }
        if number("state_dir_made_anew") > 0 {
            line += "; the state directory was removed under the agent, \(number("state_dir_made_anew")) times"
        }
        return line
    }
}
