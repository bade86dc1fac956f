import Testing

@testable import Edge

@Suite struct RouterTests {
  /// A route as text: its name, and for a trigger what is told of it.
  private static func text(of route: Route) -> String {
    switch route {
    case .trigger(let key, let path, let query): "\(text(key)) \(text(path)) \(text(query))"
    case .health: "health"
    case .readiness: "readiness"
    case .metrics: "metrics"
    case .nothing: "nothing"
    }
  }

  private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  static let table: [(String, String)] = [
    ("/w/\(key)", "\(key)  "), ("/w/\(key)/a/b?c=d", "\(key) /a/b c=d"), ("/w/\(key)?/x", "\(key)  /x"), ("/healthz", "health"),
    ("/healthz?x", "health"),
    ("/readyz", "readiness"), ("/metrics", "metrics"), ("/", "nothing"), ("*", "nothing"), ("/w/", "nothing"),
    ("/w/\(key)x", "nothing"),
    ("/w/wh_ABCDEFGHIJKLMNOPQRSTUVWXYZ", "nothing"), ("/w/wh_0bcdefghijklmnopqrstuvwxyz", "nothing"),
    ("/w/../w/\(key)", "nothing"), ("/w%2f\(key)", "nothing"),
  ]

  @Test(arguments: table)
  func routes(_ target: String, _ expected: String) {
    #expect(Self.text(of: Route(target: Array(target.utf8))) == expected)
  }
}
