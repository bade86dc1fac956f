/// A line on the terminal that shows how far something is; nothing where standard error is no terminal.
struct ProgressBar {
  private let environment: ClientEnvironment
  private let clock = ContinuousClock()
  private var lastShown: ContinuousClock.Instant?
  private var isShown = false

  private static let barWidth = 24
  private static let interval = Duration.milliseconds(100)

  private let isOn: Bool

  /// - Parameter isOn: `false` where the results themselves go to the terminal one after the other.
  init(_ environment: ClientEnvironment, isOn: Bool = true) {
    self.environment = environment
    self.isOn = isOn && environment.errors.isTerminal
  }

  /// Shows how many of how many are done, now and then.
  ///
  /// - Parameters:
  ///   - total: about; 0: not known.
  ///   - remark: what else is to be told, such as a size.
  mutating func show(_ done: UInt64, of total: UInt64, _ remark: String = "", isLast: Bool = false) {
    // Of nothing there is nothing to show.
    guard isOn, isShown || done > 0 || total > 0 else { return }
    let now = clock.now
    if !isLast, let lastShown, now - lastShown < Self.interval { return }
    lastShown = now
    isShown = true
    var line = "\r"
    if total > 0 {
      let share = isLast ? 1 : min(1, Double(done) / Double(total))
      let filled = Int(share * Double(Self.barWidth))
      line += String(repeating: "█", count: filled) + String(repeating: "·", count: Self.barWidth - filled)
      line += " \(Int(share * 100))%  "
    }
    line += "\(done)" + (total > 0 && !isLast ? " of about \(max(total, done))" : "")
    if !remark.isEmpty { line += ", \(remark)" }
    // Erase to the end of the line (ECMA-48 §8.3.41).
    try? environment.errors.write(Array((DisplayWidth.truncated(line, to: environment.terminalWidth) + "\u{1b}[K").utf8))
  }

  /// Makes room for a line of results.
  mutating func erase() {
    guard isShown else { return }
    lastShown = nil
    try? environment.errors.write(Array("\r\u{1b}[K".utf8))
  }

  /// Leaves the line.
  mutating func end() {
    guard isShown else { return }
    isShown = false
    try? environment.errors.write(Array("\n".utf8))
  }
}
