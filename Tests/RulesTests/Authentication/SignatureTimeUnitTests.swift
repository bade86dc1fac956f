import Testing

@testable import Rules

@Suite("Times of signatures")
struct SignatureTimeUnitTests {
  @Test(
    "Texts that are times",
    arguments: [
      (.seconds, "0", 0), (.seconds, "1614265330", 1_614_265_330_000_000),
      (.milliseconds, "1614265330123", 1_614_265_330_123_000),
      (.auto, "1614265330", 1_614_265_330_000_000), (.auto, "1614265330123", 1_614_265_330_123_000),
      (.iso8601, "2020-01-01T00:00:00-07:00", 1_577_862_000_000_000), (.iso8601, "2020-02-29T23:59:59Z", 1_583_020_799_000_000),
      (.iso8601, "2020-01-01T00:00:00.5+00:00", 1_577_836_800_500_000), (.iso8601, "1970-01-01t00:00:00.123456789z", 123_456),
      (.rfc1123, "Tue, 15 Nov 1994 08:12:31 GMT", 784_887_151_000_000),
    ] as [(SignatureTimeUnit, String, Int64)])
  func times(_ unit: SignatureTimeUnit, _ text: String, _ expected: Int64) {
    #expect(unit.microseconds(Array(text.utf8)) == expected)
  }

  @Test("Texts that are none, in any unit")
  func refused() {
    let texts = [
      "", " ", "+1", "-1", "1.0", "1e9", "0x10", "Infinity", "NaN", " 1", "1 ", "١", "9999999999999999", "99999999999999999999",
      "2020-01-01", "2020-01-01T00:00:00", "2020-13-01T00:00:00Z", "2020-02-30T00:00:00Z", "2021-02-29T00:00:00Z",
      "2020-01-01T24:00:00Z", "2020-01-01T00:60:00Z", "2020-01-01T00:00:60Z", "2020-01-01T00:00:00+24:00",
      "2020-01-01T00:00:00.Z",
      "2020-01-01 00:00:00Z", "1969-12-31T23:59:59Z", "+020-01-01T00:00:00Z", "Tue, 15 Nov 1994 08:12:31 UTC",
      "Tue 15 Nov 1994 08:12:31 GMT", "Abc, 15 Nov 1994 08:12:31 GMT", "Tue, 32 Nov 1994 08:12:31 GMT",
    ]
    for text in texts {
      for unit in SignatureTimeUnit.allCases { #expect(unit.microseconds(Array(text.utf8)) == nil, "\(unit) \(text)") }
    }
  }

  @Test("The largest numbers do not overflow")
  func largest() {
    #expect(SignatureTimeUnit.seconds.microseconds(Array("999999999999".utf8)) == 999_999_999_999_000_000)
    #expect(SignatureTimeUnit.seconds.microseconds(Array("9999999999999".utf8)) == nil)
    #expect(SignatureTimeUnit.auto.microseconds(Array("999999999999999".utf8)) == 999_999_999_999_999_000)
  }
}
