import Inflation
import Testing

@Suite struct GzipTests {
  @Test(arguments: [0, 1, 65_535, 300_000])
  func comesBackAsItWas(count: Int) throws {
    let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
    let member = try Gzip.member(of: bytes)
    #expect(try Inflation.inflate(member, .gzip, limit: count) == bytes)
    // Members one after the other are one file.
    #expect(try Inflation.inflate(member + member, .gzip, limit: 2 * count) == bytes + bytes)
  }
}
