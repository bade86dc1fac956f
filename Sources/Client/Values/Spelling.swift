/// Guesses what a mistyped name was meant to be.
package enum Spelling {
  /// Names longer than this are not compared: the work grows with the product of both lengths.
  private static let longest = 64

  /// The name that is nearest to what was written; `nil` when none is near.
  ///
  /// Near is one change (a character more, less, another, or two swapped) for each three characters, and at least one.
  package static func nearest(to written: String, in names: some Sequence<String>) -> String? {
    let written = written.lowercased()
    guard !written.isEmpty, written.count <= longest else { return nil }
    let allowed = max(1, written.count / 3)
    var best: (name: String, distance: Int)?
    for name in names where name.count <= longest && abs(name.count - written.count) <= allowed {
      let distance = distance(Array(written), Array(name.lowercased()))
      if distance <= allowed, distance < best?.distance ?? .max { best = (name, distance) }
    }
    return best?.name
  }

  /// The changes between two texts (optimal string alignment).
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for i in left.indices {
      var row = [i + 1]
      for j in right.indices {
        var least = min(last[j] + (left[i] == right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
        if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { least = min(least, beforeLast[j - 1] + 1) }
        row.append(least)
      }
      (beforeLast, last) = (last, row)
    }
    return last[right.count]
  }
}
