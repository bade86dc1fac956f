import HeadgateProto
import Testing

@testable import Client

@Suite struct TimestampTests {
  @Test(arguments: [
    "", "now", "2026", "2026-01", "2026-13-01", "2026-02-29", "2026-00-10", "2026-01-32", "2026-01-02T", "2026-01-02T03:04",
    "2026-01-02T03:04:05", "2026-01-02T24:00:00Z", "2026-01-02T03:60:05Z", "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05+0200",
    "2026-01-02T03:04:05Zx", "2026-1-2", "２026-01-02", "-026-01-02", "2026-01-02T03:04:05+25:00",
  ])
  func refuses(_ text: String) {
    #expect(Timestamp(text) == nil)
  }

  @Test(
    arguments: [
      ("1970-01-01", 0), ("1970-01-01T00:00:00Z", 0), ("2026-01-02T03:04:05Z", 1_767_323_045_000_000),
      ("2026-01-02t03:04:05z", 1_767_323_045_000_000), ("2026-01-02 03:04:05.5Z", 1_767_323_045_500_000),
      ("2026-01-02T05:04:05+02:00", 1_767_323_045_000_000), ("2026-01-01T23:34:05-03:30", 1_767_323_045_000_000),
      ("2026-01-02T03:04:05.123456789Z", 1_767_323_045_123_456), ("2024-02-29", 1_709_164_800_000_000),
      ("1969-12-31T23:59:59.999999Z", -1), ("2000-03-01", 951_868_800_000_000),
    ] as [(String, Int64)])
  func reads(_ text: String, _ microseconds: Int64) {
    #expect(Timestamp(text)?.microseconds == microseconds)
  }

  @Test(
    arguments: [
      (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
      (1_767_323_045_000_001, "2026-01-02T03:04:05.000001Z"),
      (1_709_164_800_000_000, "2024-02-29T00:00:00.000000Z"), (4_102_444_799_999_999, "2099-12-31T23:59:59.999999Z"),
      (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"),
    ] as [(Int64, String)])
  func writes(_ microseconds: Int64, _ text: String) {
    #expect(Timestamp(microseconds: microseconds).machineText == text)
    #expect(Timestamp(text)?.microseconds == microseconds)
  }

  @Test(arguments: [Int64.min, Int64.max]) func anyNumberIsWritten(_ microseconds: Int64) {
    #expect(Timestamp(microseconds: microseconds / 2).text.hasSuffix("Z"))
  }

  @Test(
    arguments: [
      (0, "now"), (1, "1s ago"), (59, "59s ago"), (60, "1m ago"), (3599, "59m ago"), (3600, "1h ago"), (86_399, "23h ago"),
      (86_400, "1d ago"), (30 * 86_400 - 1, "29d ago"), (30 * 86_400, "2025-12-03"), (-60, "in 1m"), (-3600, "in 1h"),
    ] as [(Int64, String)])
  func saysHowLongAgo(_ seconds: Int64, _ text: String) {
    let time = Timestamp(microseconds: CommandRun.now.microseconds - seconds * 1_000_000)
    #expect(time.relative(to: CommandRun.now) == text)
  }
}

@Suite struct DurationTextTests {
  @Test(arguments: ["", "h", "1", "-1h", "1x", "1h30", "1 h", "1.5h", "99999999999999999999s", "9999999999999w", "1H", "１h"])
  func refuses(_ text: String) {
    #expect(DurationText.parse(text) == nil)
  }

  @Test(arguments: [
    ("0", Duration.zero), ("0s", .zero), ("500ms", .milliseconds(500)), ("90s", .seconds(90)), ("30m", .seconds(1800)),
    ("24h", .seconds(86_400)), ("7d", .seconds(604_800)), ("2w", .seconds(1_209_600)), ("1h30m", .seconds(5400)),
    ("1m1m", .seconds(120)),
    ("7us", .microseconds(7)),
  ])
  func reads(_ text: String, _ duration: Duration) {
    #expect(DurationText.parse(text) == duration)
  }

  @Test(
    arguments: [
      (0, "0µs"), (999, "999µs"), (45_000, "45ms"), (12_345_678, "12.3s"), (90_000_000, "1m 30s"), (5_400_000_000, "1h 30m"),
      (90_000_000_000, "1d 1h"),
    ] as [(Int64, String)])
  func writes(_ microseconds: Int64, _ text: String) {
    #expect(DurationText.text(microseconds: microseconds) == text)
  }
}

@Suite struct NameTests {
  @Test func namesAreThoseOfTheProtoFiles() {
    #expect(snakeCase(Cause.ipNotAllowed) == "ip_not_allowed")
    #expect(Cause(argument: "credential-wrong") == .credentialWrong)
    #expect(Cause(argument: "unspecified") == nil)
    #expect(Outcome(argument: "Rejected") == .rejected)
    #expect(Outcome(argument: "nope") == nil)
    #expect(Outcome.allValueStrings.count == Outcome.allCases.count - 1)
  }
}
