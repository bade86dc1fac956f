import Testing

@testable import Observability

@Suite struct WallTimeTests {
  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
      (784_111_777_000_000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
      (951_782_399_999_999, "2000-02-28T23:59:59.999Z", "Mon, 28 Feb 2000 23:59:59 GMT"),
      (951_782_400_000_000, "2000-02-29T00:00:00.000Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
      (1_709_164_800_001_000, "2024-02-29T00:00:00.001Z", "Thu, 29 Feb 2024 00:00:00 GMT"),
      (4_107_542_400_000_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
      (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
      (1_735_689_599_012_345, "2024-12-31T23:59:59.012Z", "Tue, 31 Dec 2024 23:59:59 GMT"),
    ] as [(Int64, String, String)])
  func prints(_ microseconds: Int64, _ iso: String, _ http: String) {
    #expect(WallTime(microseconds: microseconds).description == iso)
    #expect(WallTime(microseconds: microseconds).httpDate == http)
  }
}
