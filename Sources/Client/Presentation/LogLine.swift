import HeadgateProto

/// A request as one line of a terminal.
enum LogLine {
  /// "03:04:05  accepted  200  orders/hook  order_approved  01934a5e-…": trigger and event are cut to the width, the id never is.
  static func text(_ entry: LogEntry, width: Int, isColoured: Bool) -> String {
    let time = String(Timestamp(microseconds: entry.receivedAtUs).text.dropFirst(11).prefix(8))
    let result = padded(DisplayWidth.truncated(entry.result, to: resultWidth), resultWidth)
    var rest = "  " + TerminalText.escaped(entry.trigger)
    let head = "\(time)  \(result)  \(entry.status)"
    let room = max(8, width - DisplayWidth.of(head) - DisplayWidth.of(entry.id) - 2)
    // Of an event a few characters at least, or none.
    if !entry.event.isEmpty, room - DisplayWidth.of(rest) >= eventWidth { rest += "  " + TerminalText.escaped(entry.event) }
    rest = padded(DisplayWidth.truncated(rest, to: room), room)
    return "\(time)  \(entry.resultInk(result, on: isColoured))  \(entry.status)\(rest)  \(Ink.dim(entry.id, on: isColoured))"
  }

  private static let resultWidth = 16
  /// What an event needs, with the two spaces before it.
  private static let eventWidth = 8

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - DisplayWidth.of(text)))
  }
}
