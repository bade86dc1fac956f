package import HeadgateProto

/// How `headgate` ends; part of its interface for scripts.
package enum ExitStatus: Int32, Sendable, CaseIterable {
  case success = 0
  case failure = 1
  /// Invalid usage or configuration.
  case invalid = 2
  case notFound = 3
  case notPermitted = 4
  /// The control plane cannot be reached, or does not answer in time.
  case unreachable = 5
}

/// Why a command could not do what was asked: one clear sentence and, for a configuration, every fault.
package struct CommandFailure: Error, Hashable, Sendable {
  package var status: ExitStatus
  package var message: String
  /// Each already with the place in the file, when it is known.
  package var faults: [PlacedFault]
  /// What to do about it; a line of its own.
  package var advice: String

  package init(_ status: ExitStatus, _ message: String, faults: [PlacedFault] = [], advice: String = "") {
    self.status = status
    self.message = message
    self.faults = faults
    self.advice = advice
  }
}

/// A fault and where in the user's file it is.
package struct PlacedFault: Hashable, Sendable {
  package var fault: Fault
  /// "orders.yaml:6:18", or empty.
  package var place: String

  package init(_ fault: Fault, place: String = "") {
    self.fault = fault
    self.place = place
  }
}

extension CommandFailure {
  /// A failed call as the user should read it.
  package init(_ error: RPCError, settings: ConnectionSettings? = nil) {
    self.init(Self.status(of: error.code), error.message, faults: error.faults.map { PlacedFault($0) })
    switch error.code {
    case .unavailable, .deadlineExceeded:
      guard let settings else { return }
      let verb = error.code == .unavailable ? "cannot be reached" : "did not answer in time"
      message = "the control plane at \(settings.endpoints.joined(separator: ", ")) \(verb): \(error.message)"
      advice = Self.advice(on: settings)
    case .permissionDenied: advice = "headgate whoami says who you are and what you may do."
    case .unauthenticated:
      advice = "Check --certificate and --key, or the API key (--api-key-file, HEADGATE_API_KEY)."
    case .internal where !error.logID.isEmpty:
      advice = "The control plane's log has more under \(error.logID)."
    default: break
    }
  }

  /// A connection that could not be made; the error's message names the endpoint.
  package init(connecting error: RPCError, settings: ConnectionSettings) {
    self.init(error)
    if status == .unreachable { advice = Self.advice(on: settings) }
  }

  private static func advice(on settings: ConnectionSettings) -> String {
    "The address comes from \(settings.source). Start the system with tools/run, or name another with --endpoint."
  }

  private static func status(of code: StatusCode) -> ExitStatus {
    switch code {
    case .ok: .success
    case .invalidArgument, .outOfRange: .invalid
    case .notFound: .notFound
    case .permissionDenied, .unauthenticated: .notPermitted
    case .unavailable, .deadlineExceeded: .unreachable
    case .cancelled, .unknown, .alreadyExists, .resourceExhausted, .failedPrecondition, .aborted, .unimplemented,
      .internal, .dataLoss:
      .failure
    }
  }
}

extension PlacedFault {
  /// "orders.yaml:5:18: nodes[0].auth.mode: is missing [required]"; the path is not repeated before a message that begins with it.
  fileprivate func line(isColoured: Bool) -> String {
    let before = place.isEmpty ? "" : TerminalText.escaped(place) + ": "
    let name = OptionNames.option(for: fault.path)
    let repeated = [" ", ": "].first { fault.message.hasPrefix(fault.path + $0) }
    var message = fault.message
    if let repeated, !fault.path.isEmpty { message = name + repeated + message.dropFirst(fault.path.count + repeated.count) }
    let isNamed = fault.path.isEmpty || repeated != nil
    let path = isNamed ? "" : Ink.bold(TerminalText.escaped(name), on: isColoured) + ": "
    let code = fault.code.isEmpty ? "" : " [" + TerminalText.escaped(fault.code) + "]"
    return before + path + TerminalText.escaped(message) + code
  }
}

extension CommandFailure {
  /// The lines for standard error.
  package func lines(isColoured: Bool) -> [String] {
    let error = Ink.red("error:", on: isColoured) + " "
    var lines: [String]
    if faults.count == 1, faults[0].fault.message.hasPrefix(message) {
      lines = [error + faults[0].line(isColoured: isColoured)]
    } else {
      lines = [error + TerminalText.escaped(message)] + faults.map { "  " + $0.line(isColoured: isColoured) }
    }
    if !advice.isEmpty { lines.append(TerminalText.escaped(advice)) }
    return lines
  }

  /// The form for scripts.
  package var json: JSONValue {
    [
      "error": [
        "status": .integer(status.rawValue),
        "message": .string(message),
        "advice": .textOrNull(advice),
        "faults": .array(
          faults.map { placed in
            [
              "path": .string(placed.fault.path), "code": .string(placed.fault.code),
              "message": .string(placed.fault.message), "place": .textOrNull(placed.place),
            ]
          }),
      ]
    ]
  }
}
