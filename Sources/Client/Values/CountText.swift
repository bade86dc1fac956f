/// A count and its noun.
package enum CountText {
  /// "1 request", "2 requests"; for nouns whose plural ends in "s".
  package static func text(_ count: some BinaryInteger, _ noun: String) -> String {
    count == 1 ? "1 \(noun)" : "\(count) \(noun)s"
  }
}
