import HeadgateProto
import Logging
import Postgres
import Settings
import Store

/// Makes a process ready: schema, default workspace, partitions, live configuration. Tried until it succeeds.
struct BringUp: Sendable {
  private let node: ControlPlaneNode
  private let logger: Logger
  private let backoff = Backoff(first: .milliseconds(50), longest: .seconds(2))

  init(_ node: ControlPlaneNode, logger: Logger) {
    self.node = node
    self.logger = logger
  }

  /// Returns when everything is done, or when the task is cancelled.
  func run() async {
    var failures = 0
    var lastReason = ""
    while !Task.isCancelled {
      do {
        try await attempt()
        return
      } catch {
        failures += 1
        let reason = note(error)
        // Once per reason: the attempts go on for as long as PostgreSQL is away.
        if reason != lastReason {
          let level: Logger.Level = (error as? StoreError)?.isRetryable == true ? .warning : .critical
          logger.log(level: level, "not ready", metadata: ["reason": "\(reason)"])
        }
        lastReason = reason
        try? await Task.sleep(for: backoff.pause(afterFailures: failures))
      }
    }
  }

  private func attempt() async throws {
    let store = node.store
    if node.options.migratesAtStart {
      _ = try await store.migrate()
    }
    try await store.checkSchema()
    node.readiness.clear(.unsafeDurability)
    node.readiness.clear(.schemaNotCurrent)
    _ = try await store.createPartitions()
    _ = try await store.ensureWorkspace(named: WorkspaceDirectory.standardName)
    try await node.loader.reloadAll()
    try await node.apiKeys.reload()
    try await node.certificates.reload()
    if try await store.couldChangeAuditLog() {
      logger.warning(
        "the database role that this process serves with could change the audit log; let another one own the tables",
        metadata: ["advice": "headgate-control migrate --grant-to ROLE, and serve as ROLE with --migrate false"])
    }
    // Before the first request: a session may capture.
    try await node.listenFollower.reload()
    node.readiness.clear(.masterKeyMissing)
    node.readiness.clear(.configurationNotLoaded)
    logger.notice("ready", metadata: ["triggers": "\(node.triggers.count)"])
  }

  /// Turns the failure into an obstacle and gives its reason.
  private func note(_ error: any Error) -> String {
    switch error {
    case StoreError.notDurable(let cause):
      node.readiness.set(.unsafeDurability, because: "PostgreSQL may lose what it has committed: \(cause.message)")
      return "\(cause.message); --\(ControlSettings.allowUnsafeDurability.flag.dropFirst(2)) serves all the same"
    case let missing as LiveLoader.MissingMasterKeys:
      node.readiness.set(.masterKeyMissing, because: missing.description)
      return missing.description
    case let wrong as LiveLoader.WrongMasterKeys:
      node.readiness.set(.masterKeyMissing, because: wrong.description)
      return wrong.description
    default:
      guard let advice = (error as? StoreError).flatMap(SchemaAdvice.text(for:)) else { return "\(error)" }
      node.readiness.set(.schemaNotCurrent, because: advice)
      return advice
    }
  }
}
