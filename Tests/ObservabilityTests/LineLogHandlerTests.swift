import Logging
import Observability
import Synchronization
import Testing

/// Keeps the lines that a handler writes.
private final class Lines: LogSink {
  private let lines = Mutex<[String]>([])

  func write(_ line: [UInt8]) { lines.withLock { $0.append(String(decoding: line, as: UTF8.self)) } }

  var all: [String] { lines.withLock { $0 } }
}

@Suite struct LineLogHandlerTests {
  private func logged(_ format: LogFormat, _ metadata: Logger.Metadata) -> String {
    let sink = Lines()
    var logger = Logger(label: "test") { LineLogHandler(label: $0, format: format, level: .info, sink: sink) }
    logger.logLevel = .info
    logger.debug("hidden")
    logger.notice("a message", metadata: metadata)
    #expect(sink.all.count == 1)
    return sink.all.first ?? ""
  }

  @Test func aRecordIsOneLineWhateverItsValuesHold() {
    for format in LogFormat.allCases {
      let line = logged(format, ["value": "a\nb\r\u{1b}[31mc\u{0}d\"\\"])
      #expect(line.last == "\n")
      #expect(!line.dropLast().unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f })
    }
  }

  @Test func metadataCannotTakeTheRecordsOwnFields() {
    let line = logged(.json, ["message": "forged", "level": "forged", "zone": ["b": "2", "a": ["x", "y"]]])
    #expect(line.contains(#""message":"a message""#))
    #expect(line.contains(#""meta_message":"forged""#))
    #expect(line.contains(#""meta_level":"forged""#))
    #expect(line.contains(#""zone":{"a":["x","y"],"b":"2"}"#))
  }

  @Test func aLongValueIsCut() {
    let line = logged(.json, ["value": "\(String(repeating: "x", count: 100_000))"])
    #expect(line.utf8.count < LineLogHandler.maximumValueBytes + 300)
    #expect(line.contains("…"))
  }
}
