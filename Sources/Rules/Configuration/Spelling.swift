/// Finds what someone probably meant.
package enum Spelling {
  /// The known name that differs least, if it differs little; `nil` otherwise.
  package static func nearest(to word: String, in known: some Sequence<String>) -> String? {
    let letters = Array(word.lowercased().utf8.prefix(longest))
    var best: (name: String, distance: Int)?
    for name in known {
      let candidate = Array(name.lowercased().utf8.prefix(longest))
      let distance = distance(letters, candidate)
      guard distance <= max(1, min(letters.count, candidate.count) / 3) else { continue }
      if best.map({ distance < $0.distance }) ?? true { best = (name, distance) }
    }
    return best?.name
  }

  /// ` Did you mean "x"?`, or nothing.
  package static func suggestion(for word: String, in known: some Sequence<String>) -> String {
    nearest(to: word, in: known).map { " Did you mean \"\($0)\"?" } ?? ""
  }

  /// Names as a list for people: `a, b or c`.
  package static func alternatives(_ names: some Collection<String>) -> String {
    guard let last = names.map({ $0 }).last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " or " + last
  }

  /// Text from a file, cut and made printable for a message.
  package static func quoted(_ text: String) -> String {
    var shown = ""
    for scalar in text.unicodeScalars.prefix(longest) {
      shown.unicodeScalars.append(scalar.properties.generalCategory == .control ? "\u{fffd}" : scalar)
    }
    return "\"\(shown)\(text.unicodeScalars.count > longest ? "…" : "")\""
  }

  private static let longest = 64

  /// Insertions, deletions, replacements and exchanges of neighbours.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for row in left.indices {
      var current = [row + 1]
      current.reserveCapacity(right.count + 1)
      for column in right.indices {
        var cost = min(last[column + 1] + 1, current[column] + 1, last[column] + (left[row] == right[column] ? 0 : 1))
        if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
          cost = min(cost, beforeLast[column - 1] + 1)
        }
        current.append(cost)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
