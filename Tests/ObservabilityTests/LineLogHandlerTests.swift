import Foundation
import Logging
import Synchronization
import Testing

@testable import Observability

@Suite struct LineLogHandlerTests {
  private final class Lines: LogSink {
    private let state = Mutex([String]())
    var all: [String] { state.withLock(\.self) }
    func write(_ line: [UInt8]) { state.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }
  }

  private func logger(_ format: LogFormat, _ lines: Lines, level: Logger.Level = .trace) -> Logger {
    Logger(label: "test") { label in
      LineLogHandler(
        label: label, format: format, level: level, sink: lines, now: { WallTime(microseconds: 1_795_461_352_123_456) })
    }
  }

  @Test func oneObjectPerLine() throws {
    let lines = Lines()
    logger(.json, lines).info("listening", metadata: ["port": .stringConvertible(8080), "address": "127.0.0.1"])
    #expect(
      lines.all == [
        #"{"time":"2026-11-23T19:15:52.123Z","level":"info","logger":"test","message":"listening","address":"127.0.0.1","port":8080}"#
          + "\n"
      ])
  }

  /// Whatever is logged stays one line that a JSON parser reads back as it was.
  @Test(arguments: ["\"\\", "a\nb\r\u{0}\u{1b}[31m", "\u{2028}\u{202e}", "ünï\u{1f600}", "", "\u{7f}\u{85}"])
  func valuesAreEscaped(_ value: String) throws {
    let lines = Lines()
    logger(.json, lines).error("\(value)", metadata: ["\(value)k": "\(value)", "list": ["\(value)"], "map": ["k": "\(value)"]])
    let line = try #require(lines.all.first)
    #expect(line.utf8.count { $0 == 0x0a } == 1 && line.utf8.allSatisfy { $0 >= 0x20 || $0 == 0x0a })
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["message"] as? String == value)
    #expect(object["\(value)k"] as? String == value)
    #expect(object["list"] as? [String] == [value])
    #expect(object["map"] as? [String: String] == ["k": value])
  }

  @Test func ownKeysCannotBeForged() throws {
    let lines = Lines()
    logger(.json, lines).info("real", metadata: ["message": "forged", "level": "critical", "time": "never", "logger": "other"])
    let line = try #require(lines.all.first)
    let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    #expect(object["message"] as? String == "real" && object["meta_message"] as? String == "forged")
    #expect(object["level"] as? String == "info" && object["logger"] as? String == "test")
  }

  @Test func numbersAndTruthStayWhatTheyAre() throws {
    let lines = Lines()
    logger(.json, lines).info(
      "x",
      metadata: [
        "i": .stringConvertible(-5), "b": .stringConvertible(true), "d": .stringConvertible(1.5),
        "n": .stringConvertible(Double.nan),
      ])
    #expect(try #require(lines.all.first).hasSuffix(#""b":true,"d":1.5,"i":-5,"n":"nan"}"# + "\n"))
  }

  @Test func longValuesAreCut() throws {
    let lines = Lines()
    logger(.json, lines).info("x", metadata: ["long": "\(String(repeating: "ü", count: 10_000))"])
    let line = try #require(lines.all.first)
    #expect(line.utf8.count < LineLogHandler.maximumValueBytes + 200 && line.contains("ü…\""))
  }

  @Test func nestingIsCut() throws {
    let lines = Lines()
    var value = Logger.MetadataValue.string("deep")
    for _ in 0..<100 { value = .array([value]) }
    logger(.json, lines).info("x", metadata: ["nested": value])
    #expect(!(try #require(lines.all.first).contains("deep")))
  }

  @Test func metadataIsMergedNearestFirst() throws {
    let lines = Lines()
    var logger = logger(.json, lines)
    logger[metadataKey: "a"] = "logger"
    logger[metadataKey: "b"] = "logger"
    logger.info("x", metadata: ["a": "call"])
    #expect(try #require(lines.all.first).contains(#""a":"call","b":"logger""#))
  }

  @Test func levelsBelowAreNotWritten() {
    let lines = Lines()
    let logger = logger(.json, lines, level: .warning)
    logger.info("no")
    logger.warning("yes")
    #expect(lines.all.count == 1)
  }

  @Test func textIsForPeople() {
    let lines = Lines()
    logger(.text, lines).notice("listening\u{1b}", metadata: ["a": "plain", "b": "two words", "c": "", "d": "x=\"y\""])
    #expect(
      lines.all == [#"2026-11-23T19:15:52.123Z NOTICE test: listening\u001b a=plain b="two words" c="" d="x=\"y\"""# + "\n"])
  }

  @Test func aFullPipeLosesRecordsAndSaysHowMany() throws {
    let pipe = Pipe()
    let sink = DescriptorLogSink(descriptor: pipe.fileHandleForWriting.fileDescriptor)
    let line = [UInt8](repeating: 0x78, count: 4095) + [0x0a]
    for _ in 0..<100 { sink.write(line) }
    let dropped = sink.droppedCount
    #expect(dropped > 0, "a pipe holds 64 KiB and nobody reads")
    _ = pipe.fileHandleForReading.availableData
    sink.write(Array("last\n".utf8))
    #expect(sink.droppedCount == 0)
    try pipe.fileHandleForWriting.close()
    let rest = String(decoding: try #require(try pipe.fileHandleForReading.readToEnd()), as: UTF8.self)
    #expect(rest.hasSuffix("{\"level\":\"warning\",\"message\":\"log records dropped\",\"count\":\(dropped)}\nlast\n"))
  }

  @Test func aDescriptorThatIsGoneIsSurvived() {
    let sink = DescriptorLogSink(descriptor: -1)
    sink.write([0x0a])
    #expect(sink.droppedCount == 1)
  }
}
