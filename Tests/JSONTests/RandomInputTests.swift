import Testing

@testable import JSON

/// Random bytes and mutations of good documents: nothing traps, and what is accepted is consistent in itself.
@Suite struct RandomInputTests {
  private static let seeds = Array(1...8) as [UInt64]
  private static let rounds = 2_000

  @Test(arguments: seeds)
  func survivesBytesOfJSON(_ seed: UInt64) throws {
    var source = SplitMix(state: seed)
    let alphabet =
      Array("{}[]\",:\\u0123dDcCfF-+.eE truefalsn\n\t\u{0}é".utf8) + [0xff, 0xc0, 0xed, 0xa0, 0xf4, 0x90, 0xef, 0xbb]
    for _ in 0..<Self.rounds {
      let count = Int.random(in: 0...64, using: &source)
      try check((0..<count).map { _ in alphabet[Int.random(in: alphabet.indices, using: &source)] })
    }
  }

  @Test(arguments: seeds)
  func survivesMutations(_ seed: UInt64) throws {
    var source = SplitMix(state: seed)
    let good = Array(
      #"{"id":"a\u00e9\ud83d\ude00","n":[-1.5e3,9007199254740993,true,false,null],"o":{"é":"\\\"","":{}},"a":[[],[[]]]}"#.utf8)
    #expect(try JSONDocument(good).root.count == 4)
    for _ in 0..<Self.rounds {
      var bytes = good
      for _ in 0..<Int.random(in: 1...4, using: &source) {
        let place = Int.random(in: bytes.indices, using: &source)
        switch Int.random(in: 0..<4, using: &source) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &source)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(bytes[Int.random(in: bytes.indices, using: &source)], at: place)
        default: bytes.removeSubrange(place...)
        }
        if bytes.isEmpty { break }
      }
      try check(bytes)
    }
  }

  /// Each value's own text is JSON with the same content, and every text in it is UTF-8.
  private func check(_ bytes: [UInt8]) throws {
    guard let document = try? JSONDocument(bytes, acceptsByteOrderMark: true) else { return }
    try check(document.root)
  }

  private func check(_ value: JSONValue) throws {
    let again = try JSONDocument(Array(value.raw)).root
    #expect(again.kind == value.kind)
    #expect(again.count == value.count)
    #expect(again.stringBytes == value.stringBytes)
    if let text = value.stringBytes { #expect(String(validating: text, as: UTF8.self) != nil) }
    for element in value.elements { try check(element) }
    for (key, member) in value.members {
      try check(key)
      try check(member)
    }
  }
}
