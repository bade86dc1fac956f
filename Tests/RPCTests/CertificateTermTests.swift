import NIOCore
import Testing

@testable import RPC

/// When a certificate's end is noticed on an open connection.
@Suite struct CertificateTermTests {
  private static let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

  private static func term(until last: Int64, second: Int64 = 1000) -> CertificateTerm {
    CertificateTerm(PeerCertificate(commonName: "a", uris: [], validity: 0...last), now: start, second: second)
  }

  @Test(
    arguments: [(1000, 1), (1001, 2), (1058, 59), (1059, 60), (1060, 60), (Int64.max, 60), (900, 1)] as [(Int64, Int64)])
  func theClockIsLookedAtAtItsEndAndEveryMinute(last: Int64, pause: Int64) {
    #expect(Self.term(until: last).deadline == Self.start + .seconds(pause))
  }

  @Test func itHoldsForItsLastSecond() {
    var term = Self.term(until: 1010)
    #expect(term.deadlineReached(now: Self.start + .seconds(5), second: 2000) == .valid, "too early to look")
    let deadline = term.deadline
    #expect(term.deadlineReached(now: deadline, second: 1010) == .valid)
    #expect(term.deadline == deadline + .seconds(1))
    #expect(term.deadlineReached(now: term.deadline, second: 1011) == .expired)
  }

  @Test func aClockThatWasSetIsNoticedWithinAMinute() {
    var term = Self.term(until: 1_000_000)
    #expect(term.deadlineReached(now: Self.start + CertificateTerm.longestPause, second: 1_000_001) == .expired)
    var early = CertificateTerm(
      PeerCertificate(commonName: "a", uris: [], validity: 900...2000), now: Self.start, second: 1000)
    #expect(early.deadlineReached(now: Self.start + CertificateTerm.longestPause, second: 800) == .expired, "not valid yet")
  }

  /// A sequence of sets of one attribute each.
  private static func name(_ attributes: [(type: [UInt8], tag: UInt8, value: [UInt8])]) -> DERReader {
    func element(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { [tag, UInt8(content.count)] + content }
    return DERReader(
      attributes.flatMap { element(0x31, element(0x30, element(0x06, $0.type) + element($0.tag, $0.value))) }[...])
  }

  @Test func namesThatDifferHaveTextsThatDiffer() {
    let (common, organization): ([UInt8], [UInt8]) = ([0x55, 4, 3], [0x55, 4, 10])
    let plain = Self.name([(organization, 0x0c, Array("A".utf8)), (common, 0x13, Array("B".utf8))])
    #expect(DistinguishedName.text(of: plain) == "O=A, CN=B")
    #expect(DistinguishedName.text(of: Self.name([(organization, 0x0c, Array("A, CN=B".utf8))])) == #"O=A\, CN\=B"#)
    #expect(DistinguishedName.text(of: Self.name([(common, 0x0c, [0xff]), (common, 0x1e, [0, 65])])) == "CN=#ff, CN=#0041")
    #expect(DistinguishedName.text(of: Self.name([(common, 0x0c, Array("#ff".utf8))])) == "CN=\\#ff")
    #expect(DistinguishedName.text(of: Self.name([([0x2a, 3], 0x0c, Array("a\nb".utf8))])) == "#2a03=#610a62")
    #expect(DistinguishedName.text(of: Self.name([])) == "")
    #expect(DistinguishedName.text(of: DERReader([0x31, 0x02, 0x30][...])) == nil)
  }
}
