import Testing

@testable import Inflation

@Suite struct InflationTests {
  private static let text = Array(#"{"order":{"id":9007199254740993,"name":"José"}}"#.utf8)

  // MARK: what is refused

  @Test(
    arguments: [
      ([], .truncated), ([0x1f], .truncated), ([0x1f, 0x8b], .truncated), (Array("not gzip at all".utf8), .corrupt),
      ([0x1f, 0x8b, 7, 0, 0, 0, 0, 0, 0, 3], .corrupt), ([0x1f, 0x8b, 8, 0xe0, 0, 0, 0, 0, 0, 3], .corrupt),
      ([0x78, 0x9c, 0x4b, 0x04, 0x00], .corrupt),
    ] as [([UInt8], InflationError)])
  func refusesWhatIsNoGzip(_ bytes: [UInt8], _ error: InflationError) {
    #expect(throws: error) { try Inflation.inflate(bytes, .gzip, limit: 1000) }
  }

  @Test(
    arguments: [
      ([], .truncated), ([0x78], .truncated), ([0x78, 0x9c], .truncated), (Array("not deflate".utf8), .corrupt),
      // FDICT (RFC 1950 §2.2).
      ([0x78, 0x20, 0, 0, 0, 1, 0], .dictionaryNeeded), ([0x07], .corrupt), ([0xff, 0xff], .corrupt),
    ] as [([UInt8], InflationError)])
  func refusesWhatIsNoDeflate(_ bytes: [UInt8], _ error: InflationError) {
    #expect(throws: error) { try Inflation.inflate(bytes, .deflate, limit: 1000) }
  }

  @Test(arguments: Deflation.Frame.allCases) func refusesEveryTruncation(_ frame: Deflation.Frame) {
    let whole = Deflation.deflate(Self.text, frame)
    for count in 0..<whole.count {
      #expect(throws: InflationError.truncated, "\(count) of \(whole.count) bytes") {
        try Inflation.inflate(Array(whole.prefix(count)), frame == .gzip ? .gzip : .deflate, limit: 1000)
      }
    }
  }

  @Test(arguments: Deflation.Frame.allCases, [[0], [0x1f], Array("garbage".utf8), [0x1f, 0x8c]] as [[UInt8]])
  func refusesWhatFollows(_ frame: Deflation.Frame, _ garbage: [UInt8]) {
    let bytes = Deflation.deflate(Self.text, frame) + garbage
    let expected: InflationError = frame == .gzip && garbage == [0x1f] ? .truncated : .trailingBytes
    #expect(throws: expected) { try Inflation.inflate(bytes, frame == .gzip ? .gzip : .deflate, limit: 1000) }
  }

  @Test(arguments: [Deflation.Frame.gzip, .zlib]) func refusesAWrongChecksum(_ frame: Deflation.Frame) {
    let whole = Deflation.deflate(Self.text, frame)
    for place in whole.indices.suffix(frame == .gzip ? 8 : 4) {
      var bytes = whole
      bytes[place] ^= 0x40
      #expect(throws: InflationError.corrupt) {
        try Inflation.inflate(bytes, frame == .gzip ? .gzip : .deflate, limit: 1000)
      }
    }
  }

  @Test(arguments: Deflation.Frame.allCases) func refusesMoreThanTheLimit(_ frame: Deflation.Frame) throws {
    let format: CompressedFormat = frame == .gzip ? .gzip : .deflate
    for count in [1, 1000, 32_767, 32_768, 32_769, 200_000] {
      let bytes = Deflation.deflate([UInt8](repeating: 0x61, count: count), frame)
      #expect(throws: InflationError.tooLarge(limit: count - 1)) { try Inflation.inflate(bytes, format, limit: count - 1) }
      #expect(try Inflation.inflate(bytes, format, limit: count).count == count)
    }
    #expect(throws: InflationError.tooLarge(limit: 0)) {
      try Inflation.inflate(Deflation.deflate(Self.text, frame), format, limit: -1)
    }
  }

  /// 10 GiB of zeros in 10 MB: refused at the limit, so the time is that of the limit and not of what is in it.
  @Test func stopsABombAtTheLimit() {
    let bomb = Deflation.zeros(mebibytes: 10 << 10)
    #expect((9 << 20..<12 << 20).contains(bomb.count))
    let limit = 3 << 20
    let time = ContinuousClock().measure {
      #expect(throws: InflationError.tooLarge(limit: limit)) { try Inflation.inflate(bomb, .gzip, limit: limit) }
    }
    #expect(time < .seconds(2))
  }

  /// What gzip says of its size is not believed.
  @Test func setsNothingAsideForASizeThatIsOnlyClaimed() throws {
    var small = Deflation.deflate(Self.text, .gzip)
    small.replaceSubrange(small.count - 4..<small.count, with: [0xff, 0xff, 0xff, 0xff])
    #expect(throws: InflationError.corrupt) { try Inflation.inflate(small, .gzip, limit: 1000) }
    #expect(throws: InflationError.tooLarge(limit: 10)) { try Inflation.inflate(small, .gzip, limit: 10) }
  }

  // MARK: what is read

  @Test(arguments: Deflation.Frame.allCases, [0, 1, 6, 9] as [Int32]) func readsEveryLevel(
    _ frame: Deflation.Frame, _ level: Int32
  ) throws {
    var source = Source(state: UInt64(level) + 1)
    let long = (0..<300_000).map { _ in UInt8.random(in: 0...15, using: &source) }
    for bytes in [[], [0], Self.text, long] {
      let deflated = Deflation.deflate(bytes, frame, level: level)
      #expect(try Inflation.inflate(deflated, frame == .gzip ? .gzip : .deflate, limit: 1 << 20) == bytes)
    }
  }

  @Test func readsSeveralMembers() throws {
    let empty = Deflation.deflate([], .gzip)
    let members = Self.text.map { Deflation.deflate([$0], .gzip) }.flatMap { empty + $0 } + empty
    #expect(try Inflation.inflate(members, .gzip, limit: Self.text.count) == Self.text)
    #expect(throws: InflationError.tooLarge(limit: 3)) { try Inflation.inflate(members, .gzip, limit: 3) }
  }

  @Test func readsOptionalGzipFields() throws {
    // RFC 1952 §2.3: FTEXT, FEXTRA, FNAME, FCOMMENT.
    let plain = Deflation.deflate(Self.text, .gzip)
    let header: [UInt8] = [0x1f, 0x8b, 8, 0x1d, 0, 0, 0, 0, 0, 3] + [3, 0, 1, 2, 3] + Array("name\0comment\0".utf8)
    #expect(try Inflation.inflate(header + plain.dropFirst(10), .gzip, limit: 1000) == Self.text)
  }

  @Test func doesNotMistakeRawDeflateForZlib() throws {
    // Stored, fixed and dynamic blocks of every small size.
    for level in [0, 1, 9] as [Int32] {
      for count in 0..<600 {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        #expect(try Inflation.inflate(Deflation.deflate(bytes, .raw, level: level), .deflate, limit: 600) == bytes)
      }
    }
  }

  // MARK: anything

  @Test(arguments: [1, 2, 3, 4] as [UInt64]) func survivesMutations(_ seed: UInt64) {
    var source = Source(state: seed)
    let frames = Deflation.Frame.allCases
    var outcomes: Set<InflationError?> = []
    for round in 0..<3000 {
      let frame = frames[round % frames.count]
      var bytes = Deflation.deflate(
        (0..<Int.random(in: 0...400, using: &source)).map { UInt8(truncatingIfNeeded: $0 / 3) }, frame)
      for _ in 0..<Int.random(in: 0...4, using: &source) where !bytes.isEmpty {
        bytes[Int.random(in: bytes.indices, using: &source)] = UInt8.random(in: 0...255, using: &source)
      }
      if Int.random(in: 0..<4, using: &source) == 0 { bytes += bytes.prefix(Int.random(in: 0...bytes.count, using: &source)) }
      do throws(InflationError) {
        #expect(try Inflation.inflate(bytes, frame == .gzip ? .gzip : .deflate, limit: 500).count <= 500)
        outcomes.insert(nil)
      } catch {
        outcomes.insert(error)
      }
    }
    #expect(outcomes.count > 3)
  }
}
