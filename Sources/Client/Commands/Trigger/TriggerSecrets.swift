import ArgumentParser
import HeadgateProto

/// `headgate trigger reveal`.
struct TriggerReveal: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "reveal", abstract: "Show a trigger's secrets in clear. Audited.",
    discussion: """
      Needs the admin role.

      Example: headgate trigger reveal orders/hook --reason "set up at the shop"
      Example: SECRET=$(headgate trigger reveal orders/hook --value-only)
      """)

  @OptionGroup var trigger: TriggerArgument

  @Option(help: ArgumentHelp("Why, for the audit log.", valueName: "text"))
  var reason: String?

  @Flag(help: "The bytes of the newest secret alone that requests are verified with.")
  var valueOnly = false

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let response = try await session.triggers.reveal(
      RevealTriggerRequest(workspace: session.workspace, trigger: trigger.name, reason: reason ?? ""))
    let secrets = response.secrets.sorted { $0.createdAtUs > $1.createdAtUs }
    guard let newest = secrets.first(where: { $0.purpose != .verifyToken }) ?? secrets.first else {
      throw CommandFailure(.notFound, "the trigger \(trigger.name) has no secret")
    }
    switch screen.format {
    case .json: try screen.print(["secrets": .array(secrets.map(\.json))])
    case .table where valueOnly:
      if screen.environment.output.isTerminal {
        try screen.print(TerminalText.escaped(newest.value))
      } else {
        try screen.environment.output.write(newest.value + [UInt8(ascii: "\n")])
      }
    case .table:
      try screen.print(
        Table(
          [Table.Column("SECRET", fallback: .ownLine), Table.Column("FOR"), Table.Column("SET"), Table.Column("ENDS")],
          rows: secrets.map {
            [
              Table.Cell($0.value), Table.Cell($0.purpose.word), Table.Cell(screen.time($0.createdAtUs)),
              Table.Cell($0.expiresAtUs == 0 ? "never" : screen.time($0.expiresAtUs)),
            ]
          }
        ))
    }
  }
}

/// `headgate trigger rotate`.
struct TriggerRotate: TriggerClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Give a trigger a new secret; the old one is accepted for a while. Audited.",
    discussion: """
      Without another option the new secret is generated (32 random bytes) and shown. A file's last line break is not \
      part of the secret.

      Example: headgate trigger rotate orders/hook --overlap 24h
      Example: headgate trigger rotate orders/hook --secret-file - < secret.txt
      """)

  @OptionGroup var trigger: TriggerArgument

  @Option(help: ArgumentHelp("Read the new secret from a file, - for standard input.", valueName: "file"), completion: .file())
  var secretFile: String?

  @Flag(help: "Ask for the new secret without showing it.")
  var prompt = false

  @Option(help: ArgumentHelp("The new secret itself. Other users can see it in the list of processes.", valueName: "value"))
  var secret: String?

  @Flag(help: "Change the verify token of the provider's handshake instead.")
  var verifyToken = false

  @Option(
    help: ArgumentHelp("How long the old secret stays accepted; 0: it ends at once. Default: 24h.", valueName: "duration"),
    transform: { try ArgumentValues.duration($0) })
  var overlap: Duration?

  @Option(help: ArgumentHelp("Why, for the audit log.", valueName: "text"))
  var reason: String?

  @OptionGroup(title: "Global options") var global: GlobalOptions

  mutating func validate() throws {
    if [secretFile != nil, prompt, secret != nil].count(where: { $0 }) > 1 {
      throw ValidationError("--secret-file, --prompt and --secret exclude each other")
    }
    if secret?.isEmpty == true { throw ValidationError("--secret must not be empty") }
    if let overlap, overlap.microseconds % 1_000_000 != 0 { throw ValidationError("--overlap is in whole seconds") }
  }

  func run(_ session: Session, _ screen: Screen) async throws {
    let secret = try readSecret(screen)
    let response = try await session.triggers.rotate(
      RotateTriggerRequest(
        workspace: session.workspace, trigger: trigger.name, secret: secret ?? [],
        overlapSeconds: overlap.map { UInt64($0.components.seconds) }, reason: reason ?? "",
        purpose: verifyToken ? .verifyToken : .credential))
    for warning in response.warnings { screen.warn(warning) }
    if response.pendingRequests > 0 {
      let waiting = CountText.text(response.pendingRequests, "request")
      screen.remark("\(waiting) that waited for the secret \(response.pendingRequests == 1 ? "is" : "are") verified with it now")
    }
    let rotated = response.secret ?? RevealedSecret()
    switch screen.format {
    case .json:
      // A secret that the caller knows is not shown again.
      var json = rotated.json
      if secret != nil { for name in ["value", "value_base64"] { json.set(name, .null) } }
      json.set("trigger", .string(trigger.name))
      json.set("generated", .bool(secret == nil))
      try screen.print(json)
    case .table:
      let shown = TerminalText.escaped(trigger.name)
      if secret == nil, !rotated.value.isEmpty {
        screen.remark("\(shown): new secret, accepted from now on:")
        try screen.print(TerminalText.escaped(rotated.value))
      } else {
        try screen.print("\(shown): the new secret is accepted from now on")
      }
    }
  }

  /// The new secret; `nil`: the control plane generates one.
  private func readSecret(_ screen: Screen) throws -> [UInt8]? {
    if let secretFile {
      var bytes = try FileReading.bytes(of: secretFile, in: screen.environment)
      if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
      if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
      guard !bytes.isEmpty else { throw CommandFailure(.invalid, "the secret file \(secretFile) is empty") }
      return bytes
    }
    if prompt {
      guard screen.environment.input.isTerminal else {
        throw CommandFailure(.invalid, "--prompt needs a terminal", advice: "Use --secret-file - in scripts.")
      }
      let first = try ask("New secret: ", screen)
      guard try ask("Again: ", screen) == first else { throw CommandFailure(.invalid, "the two are not equal") }
      guard !first.isEmpty else { throw CommandFailure(.invalid, "a secret must not be empty") }
      return Array(first.utf8)
    }
    if let secret {
      screen.warn("--secret shows the secret to everyone who can list processes; --secret-file or --prompt does not")
      return Array(secret.utf8)
    }
    return nil
  }

  private func ask(_ question: String, _ screen: Screen) throws -> String {
    try screen.environment.errors.write(Array(question.utf8))
    let answer = try screen.environment.input.readLine(false)
    screen.remark("")
    return answer ?? ""
  }
}
