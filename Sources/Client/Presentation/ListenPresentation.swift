package import HeadgateProto

/// What a listen session shows, for people.
package struct ListenLines {
  /// Lines of a payload's tree.
  private static let treeLimit = 80
  /// Parts of the payload that the head says already.
  private static let inHead: Set<String> = ["method", "path", "ip", "origin", "received_at"]

  private let width: Int
  private let isColoured: Bool

  /// - Parameter width: columns of the terminal.
  package init(width: Int, isColoured: Bool) {
    self.width = width
    self.isColoured = isColoured
  }

  /// Before the first request.
  package func opening(_ session: ListenSession) -> [String] {
    let mode =
      session.mode == .capture
      ? Ink.yellow("capture: recorded and answered, no run starts", on: isColoured) : "tap: the flow runs as well"
    return [
      "listening to \(Ink.bold(TerminalText.escaped(session.trigger), on: isColoured)) (\(mode))",
      "call it at   \(Ink.cyan(TerminalText.escaped(session.url), on: isColoured))",
      Ink.dim(
        "session      \(TerminalText.escaped(session.id)), ends \(Timestamp(microseconds: session.expiresAtUs).text)",
        on: isColoured),
    ]
  }

  /// The line that waits.
  package func waiting(_ session: ListenSession, received: Int, at now: Timestamp, step: Int) -> String {
    let frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"]
    let left = DurationText.text(microseconds: max(0, (session.expiresAtUs - now.microseconds) / 1_000_000 * 1_000_000))
    let shown = received == 0 ? "waiting for the first request" : CountText.text(received, "request")
    // A line that wraps could not be written over.
    let text = DisplayWidth.truncated("\(shown), \(left) left, Ctrl-C ends", to: max(1, width - 3))
    return "\(Ink.cyan(frames[step % frames.count], on: isColoured)) \(text)"
  }

  /// A request: head, why, tree, and what could be allowed.
  ///
  /// - Parameter isFirst: says how a path becomes a variable, once.
  package func request(_ event: ListenEvent, isFirst: Bool = false) -> [String] {
    guard let entry = event.request else { return [] }
    let time = String(Timestamp(microseconds: entry.receivedAtUs).text.dropFirst(11).dropLast())
    let call = (TerminalText.escaped(entry.method) + " " + TerminalText.escaped(entry.path))
    var lines = [
      "",
      "\(entry.resultInk("●", on: isColoured)) \(Ink.bold(time, on: isColoured)) \(call.last == " " ? String(call.dropLast()) : call)"
        + "  \(entry.resultInk(entry.result, on: isColoured))  \(entry.status)  \(Ink.dim(entry.id, on: isColoured))",
    ]
    let from = [
      entry.address.isEmpty ? nil : "from \(entry.address)",
      entry.origin.isEmpty ? nil : "origin \(TerminalText.escaped(entry.origin))",
    ].compactMap(\.self)
    if !from.isEmpty { lines.append("  " + Ink.dim(from.joined(separator: ", "), on: isColoured)) }
    for line in ExplanationWords.lines(entry) where !line.hasPrefix("Accepted") {
      for part in TextWrap.lines("  " + line, width: width) {
        lines.append(entry.outcome == .rejected ? Ink.red(part, on: isColoured) : part)
      }
    }
    let leaves = event.leaves.filter { !Self.inHead.contains($0.path) }
    let tree = LeafTree(leaves, width: width - 2, isColoured: isColoured).lines(limit: Self.treeLimit)
    lines += tree.lines.map { "  " + $0 }
    if tree.left > 0 {
      lines.append("  " + Ink.dim("… \(tree.left) more; see: headgate logs show \(entry.id)", on: isColoured))
    }
    if isFirst, !leaves.isEmpty {
      lines.append("  " + Ink.dim("map one: headgate logs map \(entry.id) NAME=PATH", on: isColoured))
    }
    for (option, value) in [("--allow-ip", event.allowIp), ("--allow-origin", event.allowOrigin)] where !value.isEmpty {
      let trigger = TerminalText.escaped(entry.trigger)
      lines.append(
        "  "
          + Ink.yellow(
            "allow it: headgate trigger amend \(trigger) \(option) \(TerminalText.escaped(value)) --publish", on: isColoured))
    }
    return lines
  }

  package func lagged(_ count: UInt64, trigger: String) -> [String] {
    [
      "",
      Ink.yellow(
        "\(CountText.text(count, "request")) \(count == 1 ? "was" : "were") left out here, because this terminal is too slow; see: headgate logs query --trigger "
          + TerminalText.escaped(trigger), on: isColoured),
    ]
  }

  package func ending(_ session: ListenSession, received: Int) -> String {
    let requests = CountText.text(received, "request")
    return switch session.state {
    case .expired: "The session's time is over: \(requests)."
    case .completed: "The session is complete: \(requests)."
    case .cancelled: "The session was cancelled: \(requests)."
    case .waiting, .received, .unspecified: "The session goes on without this listener: \(requests)."
    }
  }
}

extension ListenSession {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "id": .string(id), "trigger": .string(trigger), "mode": .string(snakeCase(mode)), "state": .string(snakeCase(state)),
      "created_at": .time(createdAtUs), "expires_at": .time(expiresAtUs), "received": .integer(received),
      "principal": .string(principal), "url": .string(url),
    ]
  }
}

extension Leaf {
  /// The form for scripts. The value is JSON, or text where it was cut.
  package var json: JSONValue { ["path": .string(path), "type": .string(type), "value": .embedded(value)] }
}

extension ListenEvent {
  /// A request for scripts.
  package var requestJSON: JSONValue {
    [
      "event": "request", "request": request?.json ?? .null, "leaves": .array(leaves.map(\.json)),
      "allow_ip": .textOrNull(allowIp), "allow_origin": .textOrNull(allowOrigin),
    ]
  }
}
