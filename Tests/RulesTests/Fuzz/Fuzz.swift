import FoundationEssentials
import Testing

@testable import Rules

/// Random input that can be had again: rounds by seed.
///
/// In the ordinary run each test takes well under a second. `HEADGATE_FUZZ_ROUNDS=500` makes every test that many times as long,
/// `HEADGATE_FUZZ_SEED=7` starts elsewhere: `tools/fuzz` sets both.
enum Fuzz {
  /// How often as long as in the ordinary run.
  static let factor = max(number("HEADGATE_FUZZ_ROUNDS") ?? 1, 1)

  /// Where the tests start.
  static let seeds: [UInt64] = (0..<3).map { UInt64(number("HEADGATE_FUZZ_SEED") ?? 1) &* 1_000 &+ $0 }

  private static func number(_ name: String) -> Int? { ProcessInfo.processInfo.environment[name].flatMap { Int($0) } }

  /// Runs `body` so many times, times the factor. A round that fails says which it was.
  static func rounds(_ count: Int, seed: UInt64, _ body: (inout FuzzSource) throws -> Void) rethrows {
    for round in 0..<(count * factor) {
      var source = FuzzSource(state: seed &* 0x1000_0000 &+ UInt64(round))
      try body(&source)
    }
  }
}

typealias FuzzSource = BodySample.Source

extension BodySample.Source {
  mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<max(bound, 1), using: &self) }

  /// With a probability of one in `count`.
  mutating func oneIn(_ count: Int) -> Bool { below(count) == 0 }

  mutating func pick<Element>(_ elements: [Element]) -> Element { elements[below(elements.count)] }

  /// Some of the words without anything between.
  mutating func text(of words: [String], upTo count: Int) -> String {
    (0..<below(count + 1)).map { _ in pick(words) }.joined()
  }

  mutating func bytes(upTo count: Int) -> [UInt8] { (0..<below(count + 1)).map { _ in UInt8(truncatingIfNeeded: next()) } }

  /// Any JSON, as text.
  mutating func json(depth: Int = 4) -> String {
    switch below(depth == 0 ? 6 : 9) {
    case 0: "null"
    case 1: pick(["true", "false"])
    case 2: pick(["0", "-0.0", "9007199254740993", "1e400", "1E-400", "12.50", "-1"])
    case 3:
      "\"\(pick(["", "a", "é", "\\u0000", "\\ud83d\\ude00", "[1]", "{\\\"a\\\":[1]}", "11987654321", "a@b.c", "paid", "<&>\\\""]))\""
    case 4: pick(["[]", "{}"])
    case 5: "\"\(String(repeating: "x", count: below(300)))\""
    case 6, 7: "{" + (0..<below(5)).map { _ in "\"\(pick(Self.names))\":\(json(depth: depth - 1))" }.joined(separator: ",") + "}"
    default: "[" + (0..<below(5)).map { _ in json(depth: depth - 1) }.joined(separator: ",") + "]"
    }
  }

  /// Names of members and fields, which paths go by as well.
  static let names = ["a", "b", "id", "items", "entry", "changes", "event", "0", "é", "a b", ""]

  /// A path, mostly a right one.
  mutating func path(_ roots: [String] = ["body", "query", "headers", "element", "parents[0]", "method", "ip", "trigger.id"])
    -> String
  {
    if oneIn(12) {
      return text(of: ["body", ".", "[", "]", "[]", "0", "\"", "-1", "a", "é", " ", "element", "parents"], upTo: 7)
    }
    let root = pick(roots)
    guard !["method", "ip", "trigger.id"].contains(root) else { return root }
    let steps = root == "body" || root == "element" || root == "parents[0]" ? below(5) : below(2)
    return root
      + (0..<steps).map { _ in
        pick([".a", ".b", ".id", ".items", ".entry", ".changes", ".event", "[0]", "[-1]", "[\"a b\"]", ".0", "[\"\"]"])
      }.joined()
  }

  /// A path or a template, mostly a right one.
  mutating func value(_ roots: [String]? = nil) -> String {
    func path() -> String { roots.map { self.path($0) } ?? self.path() }
    switch below(7) {
    case 6: return "{{ env.token }}\(pick(["", "x"])){{ \(pick(["body.a", "flow.shop", "env.region", "method"])) }}"
    case 0: return "{{ \(path()) ?? \(path()) ?? \\\"x\\\" }}"
    case 1: return "a{{ flow.shop }}b{{ \(path()) }}"
    case 2: return "{{ \(pick(["env.region", "env.token", "env.none", "request.id", "flow.none", "\\\"\\\"", "??"])) }}"
    default: return path().replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
  }
}
