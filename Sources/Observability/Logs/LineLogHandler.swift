package import Logging

/// How log records are written.
package enum LogFormat: String, Sendable, CaseIterable {
  /// One JSON object per line, for machines.
  case json
  /// One line of text, for terminals.
  case text
}

/// Writes one line per log record.
///
/// As JSON: `{"time":"2026-11-23T19:15:52.123Z","level":"info","logger":"edge","message":"listening","address":"…"}`. The message is
/// a constant of the program; what varies is metadata, written beside it in the order of its keys. A metadata key that is one of
/// the record's own gets the prefix `meta_`.
package struct LineLogHandler: LogHandler {
  /// Longest text of one value in bytes; the rest is cut off and replaced by "…".
  package static let maximumValueBytes = 1024
  /// Deepest nesting of metadata written.
  package static let maximumDepth = 4

  package var logLevel: Logger.Level
  package var metadata: Logger.Metadata = [:]
  package var metadataProvider: Logger.MetadataProvider?

  private let label: String
  private let format: LogFormat
  private let sink: any LogSink
  private let now: @Sendable () -> WallTime

  package init(
    label: String, format: LogFormat, level: Logger.Level, sink: any LogSink, metadataProvider: Logger.MetadataProvider? = nil,
    now: @escaping @Sendable () -> WallTime = { WallTime.now }
  ) {
    self.label = label
    self.format = format
    self.sink = sink
    self.now = now
    logLevel = level
    self.metadataProvider = metadataProvider
  }

  package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  package func log(event: LogEvent) {
    var fields = metadata
    if let provided = metadataProvider?.get() { fields.merge(provided) { _, new in new } }
    if let own = event.metadata { fields.merge(own) { _, new in new } }
    if let error = event.error, fields["error"] == nil { fields["error"] = .string("\(error)") }
    let sorted = fields.sorted { $0.key < $1.key }

    var line = LineWriter()
    switch format {
    case .json: line.writeJSON(time: now(), level: event.level, label: label, message: event.message.description, fields: sorted)
    case .text: line.writeText(time: now(), level: event.level, label: label, message: event.message.description, fields: sorted)
    }
    sink.write(line.bytes)
  }

  /// Makes this the log of the whole process, on standard error. Once per process, before the first logger.
  package static func bootstrap(format: LogFormat, level: Logger.Level) {
    LoggingSystem.bootstrap { label in
      LineLogHandler(label: label, format: format, level: level, sink: DescriptorLogSink.standardError)
    }
  }
}
