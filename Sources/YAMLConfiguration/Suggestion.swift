/// The one of `candidates` that was probably meant by `word`; nil where none is near.
///
/// Letter case and the difference between `.`, `_` and `-` count nothing; otherwise up to a third of the letters, at
/// most three, may be missing, added, changed or swapped with their neighbour.
func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
    let word = normalized(word)
    guard (1...64).contains(word.count) else { return nil }
    let limit = min(3, max(1, word.count / 3))
    var best: (candidate: String, distance: Int)?
    for candidate in candidates {
        let distance = editDistance(word, normalized(candidate))
        if distance <= limit, distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    return best?.candidate
}

private func normalized(_ word: String) -> [UInt8] {
    word.lowercased().utf8.map { $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") ? UInt8(ascii: ".") : $0 }
}

/// How many letters have to be put in, taken out, changed, or swapped with their neighbour (optimal string alignment).
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
        var row = [i + 1]
        for j in right.indices {
            let changed = last[j] + (left[i] == right[j] ? 0 : 1)
            var least = min(changed, last[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                least = min(least, beforeLast[j - 1] + 1)
            }
            row.append(least)
        }
        (beforeLast, last) = (last, row)
    }
    return last[right.count]
}
