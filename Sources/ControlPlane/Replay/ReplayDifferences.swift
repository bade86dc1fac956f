import HeadgateProto
import JSON

/// What a replay is compared by.
struct ReplayPicture: Equatable {
  var outcome: Outcome
  var cause: Cause
  var output: String
  /// Where the first run starts; empty: none does.
  var entryNode: String
  /// Of the first run, a JSON object; empty: there is none.
  var variables: [UInt8]
  var runs: Int
  /// Empty: none, or not known.
  var customer: String
  var chat: String
}

extension ReplayPicture {
  /// How it was.
  init(_ entry: LogEntry) {
    self.init(
      outcome: entry.outcome, cause: entry.cause, output: entry.output,
      entryNode: entry.runs.first?.entryNode ?? entry.explanation?.entryNode ?? "", variables: entry.runs.first?.variables ?? [],
      runs: entry.runs.count, customer: entry.customerId, chat: entry.chatId)
  }

  /// What is not the same in another one, by path.
  func differences(to other: ReplayPicture) -> [ReplayDifference] {
    var differences: [ReplayDifference] = []
    func compare(_ path: String, _ before: String, _ after: String) {
      guard before != after else { return }
      differences.append(ReplayDifference(path: path, before: Self.json(before), after: Self.json(after)))
    }
    compare("outcome", outcome.word, other.outcome.word)
    compare("cause", cause == .unspecified ? "" : "\(cause)", other.cause == .unspecified ? "" : "\(other.cause)")
    compare("output", output, other.output)
    compare("entry_node", entryNode, other.entryNode)
    if runs != other.runs {
      differences.append(
        ReplayDifference(path: "runs", before: Array(String(runs).utf8), after: Array(String(other.runs).utf8)))
    }
    compare("customer", customer, other.customer)
    compare("chat", chat, other.chat)
    return differences + Self.variables(variables, other.variables)
  }

  private static func variables(_ before: [UInt8], _ after: [UInt8]) -> [ReplayDifference] {
    let (old, new) = (members(before), members(after))
    let names = old.map(\.name) + new.map(\.name).filter { name in !old.contains { $0.name == name } }
    return names.compactMap { name in
      let (was, is_) = (old.first { $0.name == name }?.value ?? [], new.first { $0.name == name }?.value ?? [])
      return was == is_ ? nil : ReplayDifference(path: "variables.\(name)", before: was, after: is_)
    }
  }

  /// Names and values as they are written; the same trigger always writes them in the same way.
  private static func members(_ object: [UInt8]) -> [(name: String, value: [UInt8])] {
    guard !object.isEmpty, let document = try? JSONDocument(object) else { return [] }
    return document.root.members.compactMap { key, value in key.string.map { ($0, Array(value.raw)) } }
  }

  private static func json(_ text: String) -> [UInt8] {
    guard !text.isEmpty else { return [] }
    var writer = JSONWriter()
    writer.string(text)
    return writer.bytes
  }
}
