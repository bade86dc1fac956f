import ArgumentParser

/// What the parser of the command line has to say, in the words, the colours and the width of every other message.
struct UsageMessage {
  private let error: any Error
  private let arguments: [String]

  init(_ error: any Error, _ arguments: [String]) {
    self.error = error
    self.arguments = arguments
  }

  /// Help: with the global options of the usage line, which stand below, put as one.
  func help(columns: Int) -> String { Self.shortened(HeadgateCommand.fullMessage(for: error, columns: columns)) }

  /// The complaint as every failure is shown.
  var failure: CommandFailure {
    if let unknown = unknownCommand {
      let names = unknown.group.configuration.subcommands.compactMap { $0.configuration.commandName }
      let advice =
        Spelling.nearest(to: unknown.word, in: names).map { "Did you mean \"\(unknown.path) \($0)\"?" }
        ?? "There are: \(names.joined(separator: ", "))."
      return CommandFailure(.invalid, "there is no command \"\(unknown.word)\" of \(unknown.path)", advice: advice)
    }
    let status = HeadgateCommand.exitCode(for: error) == .validationFailure ? ExitStatus.invalid : .failure
    return CommandFailure(status, Self.polished(HeadgateCommand.message(for: error)))
  }

  /// The lines after the complaint: what the option is for, the usage, and where there is more.
  var context: [String] {
    guard unknownCommand == nil else { return [] }
    var lines: [String] = []
    var isContext = false
    for line in Self.shortened(HeadgateCommand.fullMessage(for: error, columns: nil)).split(separator: "\n") {
      if let help = line.dropping("Help:") {
        lines.append(help.trimmed)
      } else if line.hasPrefix("Usage:") {
        lines.append(String(line))
      } else if isContext || line.hasPrefix("  See '") {
        lines.append(line.trimmed)
      }
      if line.hasPrefix("Usage:") { isContext = true }
    }
    return lines
  }

  // MARK: Words

  /// "'--since <time>': …" of the parser's longer sentences; values that are allowed in one line.
  private static func polished(_ message: String) -> String {
    var lines = message.split(separator: "\n").map(String.init)
    guard var first = lines.first else { return message }
    lines.removeFirst()
    if !lines.isEmpty, lines.allSatisfy({ $0.hasPrefix("  - ") }) {
      // "… Please provide one of the following:" and a line for each.
      first += " " + lines.map { String($0.dropFirst(4)) }.joined(separator: ", ")
      lines = []
    }
    // A transformation's own words say what is wrong with the value.
    if let option = first.firstRange(of: "' is invalid for '"), let own = first.firstRange(of: "': "),
      option.upperBound < own.lowerBound
    {
      first = "\(first[option.upperBound..<own.lowerBound]): \(first[own.upperBound...])"
    }
    return ([first] + lines).joined(separator: " ")
  }

  /// How the parser writes the options that every command has.
  private static let globalUsage: String = {
    let usage = HeadgateCommand.usageString(for: WhoAmICommand.self)
    return usage.firstIndex(of: "[").map { String(usage[$0...]).trimmed } ?? usage
  }()

  private static func shortened(_ text: String) -> String { text.replacing(globalUsage, with: "[<options>]") }

  // MARK: Commands

  /// The word that stands where a command was expected, and the commands that are there.
  private var unknownCommand: (word: String, group: any ParsableCommand.Type, path: String)? {
    let message = HeadgateCommand.message(for: error)
    // "Unexpected argument 'x'", or "2 unexpected arguments: 'x', 'y'".
    let parts = message.split(separator: "'", omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[0] == "Unexpected argument " || parts[0].hasSuffix(" unexpected arguments: ") else {
      return nil
    }
    let word = String(parts[1])
    var group: any ParsableCommand.Type = HeadgateCommand.self
    var path = "headgate"
    for argument in arguments where !argument.hasPrefix("-") {
      let subcommands = group.configuration.subcommands
      if argument == word, !subcommands.isEmpty { return (word, group, path) }
      if let next = subcommands.first(where: { $0.configuration.commandName == argument }) {
        group = next
        path += " \(argument)"
      }
    }
    return nil
  }
}

extension StringProtocol {
  /// What follows the prefix; `nil` when the text does not begin with it.
  fileprivate func dropping(_ prefix: String) -> SubSequence? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }

  /// Without spaces at both ends.
  fileprivate var trimmed: String {
    var text = self[...].drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
