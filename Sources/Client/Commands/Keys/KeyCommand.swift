import ArgumentParser
import HeadgateProto

/// `headgate key`.
struct KeyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "key",
    abstract: "The keys that secrets are encrypted with: rotate them, see what is in use.",
    discussion: """
      Each workspace has data keys; the newest encrypts, all of them decrypt. The data keys are wrapped by a version of the \
      master key, which is in the control planes' key file and nowhere else. Needs the admin role.

      To change the master key: headgate-control keys add on the key file of every control plane, then SIGHUP or restart \
      each, then headgate key rewrap. A version that key status calls "not in use" can be taken out of the file.

      Example: headgate key status
      """,
    subcommands: [KeyStatus.self, KeyRotate.self, KeyRewrap.self])
}

/// `headgate key status`.
struct KeyStatus: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show the versions of the master key and the data keys.",
    discussion: """
      REQUESTS are recorded requests that may be verified again: what they came with is kept encrypted. key rotate \
      encrypts both anew.

      Example: headgate key status
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let status = try await session.keys.status(KeyStatusRequest())
    guard screen.format == .table else { return try screen.print(status.json) }
    try screen.print(
      Table(
        [Table.Column("MASTER KEY", .right), Table.Column("STATE"), Table.Column("DATA KEYS", .right)],
        rows: status.masterKeys.map { key in
          [Table.Cell("\(key.version)", .bold), Table.Cell(key.state, key.ink), Table.Cell("\(key.dataKeys)")]
        }))
    guard !status.dataKeys.isEmpty else { return }
    try screen.print("")
    try screen.print(
      Table(
        [
          Table.Column("WORKSPACE", cutTo: 12), Table.Column("DATA KEY", .right), Table.Column("STATE"),
          Table.Column("MASTER KEY", .right), Table.Column("SECRETS", .right), Table.Column("REQUESTS", .right),
          Table.Column("CREATED"),
        ],
        rows: status.dataKeys.map { key in
          [
            Table.Cell(key.workspace, .bold), Table.Cell("\(key.version)"),
            Table.Cell(
              key.current ? "current" : key.secrets + key.requests == 0 ? "not in use" : "in use", key.current ? .green : .plain),
            Table.Cell("\(key.masterKeyVersion)"),
            Table.Cell("\(key.secrets)"), Table.Cell("\(key.requests)"), Table.Cell(screen.time(key.createdAtUs)),
          ]
        }))
  }
}

/// `headgate key rotate`.
struct KeyRotate: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "rotate", abstract: "Give a workspace a new data key and encrypt its secrets anew. Audited.",
    discussion: """
      Requests are served meanwhile. When it is interrupted, everything can still be decrypted; run it again.

      Example: headgate key rotate -w shop
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let stream = try await session.keys.rotate(
      RotateKeyRequest(workspace: session.workspace), options: CallOptions(timeout: KeyProgressLine.longest))
    try await KeyProgressLine.follow(stream, screen)
  }
}

/// `headgate key rewrap`.
struct KeyRewrap: ClientCommand {
  static let configuration = CommandConfiguration(
    commandName: "rewrap", abstract: "Wrap all data keys with the current master key. Audited.",
    discussion: """
      Every control plane must have the current master key before: see headgate key --help. Requests are served \
      meanwhile.

      Example: headgate key rewrap
      """)

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func run(_ session: Session, _ screen: Screen) async throws {
    let stream = try await session.keys.rewrap(
      RewrapKeysRequest(), options: CallOptions(timeout: KeyProgressLine.longest))
    try await KeyProgressLine.follow(stream, screen)
  }
}

/// Shows how far a change of keys has come: one line that changes on a terminal, only the end elsewhere.
enum KeyProgressLine {
  /// How long a change may take.
  static let longest = Duration.seconds(86_400)

  static func follow(_ stream: ResponseStream<KeyProgress>, _ screen: Screen) async throws {
    var bar = ProgressBar(screen.environment)
    var last = KeyProgress()
    do {
      while let progress = try await stream.next() {
        last = progress
        bar.show(progress.done, of: progress.total)
      }
    } catch {
      bar.end()
      throw error
    }
    bar.show(last.done, of: last.total, isLast: true)
    bar.end()
    switch screen.format {
    case .json:
      try screen.print(["done": .integer(last.done), "total": .integer(last.total), "summary": .string(last.summary)])
    case .table: try screen.print(TerminalText.escaped(last.summary))
    }
  }
}

extension MasterKeyInfo {
  /// For people.
  fileprivate var state: String {
    if !available { return "missing here" }
    if current { return "current" }
    return dataKeys == 0 ? "not in use" : "in use"
  }

  fileprivate var ink: Ink { !available ? .red : current ? .green : .plain }
}

extension KeyStatusResponse {
  /// The form for scripts.
  fileprivate var json: JSONValue {
    [
      "master_keys": .array(
        masterKeys.map {
          [
            "version": .integer($0.version), "current": .bool($0.current), "available": .bool($0.available),
            "data_keys": .integer($0.dataKeys),
          ]
        }),
      "data_keys": .array(
        dataKeys.map {
          [
            "workspace": .string($0.workspace), "version": .integer($0.version), "current": .bool($0.current),
            "master_key_version": .integer($0.masterKeyVersion), "secrets": .integer($0.secrets),
            "requests": .integer($0.requests),
            "created_at": .time($0.createdAtUs),
          ]
        }),
    ]
  }
}
