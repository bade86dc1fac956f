/// The lines that a worker writes about its work.
enum WorkerLog {
  static func line(_ event: WorkerEvent) -> String {
    switch event {
    case .started(let run): "\(name(run)): started"
    case .ended(let ending): "\(name(ending.subject)): \(words(ending.result)) after \(text(ending.took))"
    case .interrupted(let reason): "the control plane does not answer (\(TerminalText.escaped(reason))); trying again"
    case .resumed: "the control plane answers again"
    case .stopping(let active):
      active == 0
        ? "stopping"
        : "stopping when \(CountText.text(active, "run")) at work \(active == 1 ? "has" : "have") ended; interrupt again to give back what is left"
    }
  }

  static func json(_ event: WorkerEvent, at time: Timestamp) -> JSONValue {
    var json: JSONValue = ["time": .string(time.machineText)]
    switch event {
    case .started(let run):
      json.set("event", "started")
      add(run, to: &json)
    case .ended(let ending):
      json.set("event", "ended")
      add(ending.subject, to: &json)
      json.set("duration_us", .integer(ending.took.microseconds))
      add(ending.result, to: &json)
    case .interrupted(let reason):
      json.set("event", "interrupted")
      json.set("reason", .string(reason))
    case .resumed: json.set("event", "resumed")
    case .stopping(let active):
      json.set("event", "stopping")
      json.set("active", .integer(active))
    }
    return json
  }

  private static func add(_ run: RunEnding.Subject, to json: inout JSONValue) {
    json.set("run_id", .string(run.runID))
    json.set("flow", .string(run.flow))
    json.set("entry_node", .string(run.entryNode))
    json.set("attempt", .integer(run.attempt))
  }

  private static func add(_ result: RunEnding.Result, to json: inout JSONValue) {
    switch result {
    case .completed: json.set("result", "completed")
    case .failed(let reason, let next):
      json.set("result", "failed")
      json.set("reason", .string(reason))
      json.set("next_attempt_at", .time(next))
    case .leaseLost(let reason):
      json.set("result", "lease_lost")
      json.set("reason", .string(reason))
    case .givenBack: json.set("result", "given_back")
    case .unreported(let reason):
      json.set("result", "unreported")
      json.set("reason", .string(reason))
    }
  }

  private static func name(_ run: RunEnding.Subject) -> String {
    TerminalText.escaped("\(run.runID) \(run.flow)/\(run.entryNode) attempt \(run.attempt)")
  }

  private static func words(_ result: RunEnding.Result) -> String {
    switch result {
    case .completed: "completed"
    case .failed(let reason, let next):
      "failed (\(TerminalText.escaped(lastLine(reason)))), \(next == 0 ? "no further attempt" : "next attempt \(Timestamp(microseconds: next).text)")"
    case .leaseLost(let reason): "lease lost (\(TerminalText.escaped(reason)))"
    case .givenBack: "given back"
    case .unreported(let reason): "its end could not be reported (\(TerminalText.escaped(reason)))"
    }
  }

  private static func lastLine(_ text: String) -> String {
    text.split(separator: "\n").last.map(String.init) ?? text
  }

  private static func text(_ duration: Duration) -> String { DurationText.text(microseconds: duration.microseconds) }
}
