import HeadgateProto
package import Identifiers
package import Logging
import Metrics
import Rules
package import Store
import TokenVault

/// Reads the live configuration and turns it into what requests meet.
///
/// A flow whose definition or secrets cannot be read is shown as unusable; the others are not touched by it.
package final class LiveLoader: Sendable {
  private let store: Store
  private let keys: WorkspaceKeys
  private let directory: WorkspaceDirectory
  private let triggers: LiveTriggers
  private let environments: LiveEnvironments
  private let logger: Logger
  private let loadTimer = Timer(label: "headgate_configuration_load_seconds")
  private let failures = Counter(label: "headgate_configuration_unusable_total")

  package init(
    store: Store, keys: WorkspaceKeys, directory: WorkspaceDirectory, triggers: LiveTriggers,
    environments: LiveEnvironments, logger: Logger
  ) {
    self.store = store
    self.keys = keys
    self.directory = directory
    self.triggers = triggers
    self.environments = environments
    self.logger = logger
  }

  /// Data keys are wrapped with master keys that this process does not have.
  package struct MissingMasterKeys: Error, Sendable, CustomStringConvertible {
    package let versions: [Int32]

    package var description: String {
      let names = versions.map(String.init).joined(separator: ", ")
      return "the database has data keys wrapped with master key version \(names), which is not among the master keys at hand"
    }
  }

  /// Master keys of the right versions are at hand, but none of the data keys opens with them: they are another system's.
  package struct WrongMasterKeys: Error, Sendable, CustomStringConvertible {
    package var description: String {
      "no data key in the database opens with the master keys at hand: they are not the ones it was made with"
    }
  }

  /// Reads everything.
  ///
  /// - Throws: `StoreError`, `MissingMasterKeys` or `WrongMasterKeys` (then nothing of what was shown changes).
  package func reloadAll() async throws {
    let ticket = triggers.ticket()
    let environmentTicket = environments.ticket()
    let start = ContinuousClock.now
    let live = try await store.loadLiveConfiguration()
    let missing = keys.missingMasterKeys(of: live.dataKeys)
    guard missing.isEmpty else { throw MissingMasterKeys(versions: missing) }
    directory.remember(live.workspaces)
    let keysOfWorkspaces = Dictionary(grouping: live.dataKeys, by: \.workspace)
    var opened = 0
    for (workspace, rows) in keysOfWorkspaces {
      do {
        try keys.install(rows, of: workspace)
        opened += 1
      } catch {
        logger.error("data keys cannot be unwrapped", metadata: ["workspace": "\(workspace)", "cause": "\(error)"])
      }
    }
    guard opened > 0 || keysOfWorkspaces.isEmpty else { throw WrongMasterKeys() }
    let variables = Dictionary(grouping: live.variables, by: \.workspace)
    for workspace in live.workspaces {
      let environment = environment(of: workspace, variables[workspace.id] ?? [], keys.known(workspace.id))
      environments.install(environment, of: workspace.id, environmentTicket)
    }
    var flows: [UniqueID: LiveTriggers.Flow] = [:]
    for flow in live.flows { flows[flow.flow] = shown(flow, keys.known(flow.workspace)) }
    triggers.installAll(flows, ticket)
    loadTimer.record(duration: .now - start)
  }

  /// Reads one flow after it was changed here. What fails now is made up for by the next load of everything.
  package func reload(_ flow: UniqueID, in workspace: UniqueID) async {
    do {
      try await load(flow, in: workspace)
    } catch {
      logger.warning("a changed flow could not be loaded", metadata: ["flow": "\(flow)", "cause": "\(error)"])
    }
  }

  /// Reads one flow.
  package func load(_ flow: UniqueID, in workspace: UniqueID) async throws {
    let ticket = triggers.ticket()
    guard let live = try await store.loadLiveFlow(flow, in: workspace) else {
      return triggers.install(.none, of: flow, ticket)
    }
    let ciphertexts = live.triggers.flatMap(\.secrets).map(\.ciphertext)
    let vault: WorkspaceVault? = ciphertexts.isEmpty ? nil : try? await keys.vault(opening: ciphertexts, of: workspace)
    triggers.install(shown(live, vault), of: flow, ticket)
  }

  /// Reads a workspace's variables, and takes its region, after something of them was changed here. What fails now is made up for by the next load of everything.
  package func reloadEnvironment(of workspace: WorkspaceRow) async {
    let ticket = environments.ticket()
    do {
      let rows = try await store.variables(of: workspace.id)
      let ciphertexts = rows.compactMap { row -> [UInt8]? in
        if case .sealed(let ciphertext) = row.content { ciphertext } else { nil }
      }
      let vault = ciphertexts.isEmpty ? nil : try await keys.vault(opening: ciphertexts, of: workspace.id)
      environments.install(environment(of: workspace, rows, vault), of: workspace.id, ticket)
    } catch {
      logger.warning(
        "changed variables could not be loaded", metadata: ["workspace": "\(workspace.id)", "cause": "\(error)"])
    }
  }

  /// The variables that can be read; the others are reported and are as if they were not there.
  private func environment(
    of workspace: WorkspaceRow, _ rows: [VariableRow], _ vault: WorkspaceVault?
  ) -> WorkspaceEnvironment {
    var environment = WorkspaceEnvironment(defaultRegion: workspace.defaultRegion)
    for row in rows {
      do {
        environment.variables[row.name] = try VariableSecrets.open(row, vault)
      } catch {
        failures.increment()
        logger.error(
          "a secret variable does not open",
          metadata: ["workspace": "\(workspace.id)", "variable": "\(row.name)", "cause": "\(error)"])
      }
    }
    return environment
  }

  /// Compiles a flow's triggers and opens their secrets, unless that has been done for the same flow before.
  private func shown(_ flow: LiveFlow, _ vault: WorkspaceVault?) -> LiveTriggers.Flow {
    let fingerprint = flow.hashValue
    if let known = triggers.flow(flow.flow, madeFrom: fingerprint) { return known }
    var isWhole = true
    var definition: FlowDefinition?
    do {
      definition = try FlowDefinition.parse(flow.definition).definition
    } catch {
      isWhole = false
      failures.increment()
      logger.error(
        "a published definition does not pass the rules",
        metadata: ["workspace": "\(flow.workspace)", "flow": "\(flow.name)", "faults": "\(error.faults)"])
    }
    let entries = flow.triggers.map { trigger in
      let credentials = trigger.secrets.filter { $0.purpose == .credential }
      let secrets = opened(credentials, of: trigger, flow, vault)
      isWhole = isWhole && secrets.count == credentials.count
      let state: LiveEntry.State
      var isPending = false
      let compiled = definition.flatMap { CompiledTrigger($0, node: trigger.node, triggerID: trigger.id.description) }
      if definition != nil {
        let needsSecret = compiled?.configuration.authentication.mode.needsSecret == true
        isPending = needsSecret && credentials.isEmpty
        if let compiled, trigger.isEnabled {
          // Stored secrets of which none opens must not make a trigger that waits for its first one.
          state = needsSecret && secrets.isEmpty && !isPending ? .unusable : .usable(compiled)
        } else {
          state = .disabled(compiled?.configuration.authentication.redactions)
        }
      } else {
        state = trigger.isEnabled ? .unusable : .disabled(nil)
      }
      var content = LiveEntry.Content(
        workspace: flow.workspace, flow: flow.flow, flowName: flow.name, flowVersion: flow.version, trigger: trigger.id,
        node: trigger.node, key: Array(trigger.key.utf8), state: state)
      content.secrets = secrets
      content.isPending = isPending
      content.environment = environments.environment(of: flow.workspace)
      content.verifyTokens = opened(trigger.secrets.filter { $0.purpose == .verifyToken }, of: trigger, flow, vault)
      content.source = compiled?.configuration.source?.description
      // A trigger that is disabled is told from an unknown key by nothing, so not by a rate limit either.
      if case .usable(let trigger) = state { content.policy = TriggerPolicy(trigger.configuration, key: content.key) }
      return LiveEntry(content)
    }
    return LiveTriggers.Flow(entries: entries, fingerprint: isWhole ? fingerprint : nil)
  }

  /// The secrets that open; the others are reported and not accepted.
  private func opened(
    _ rows: [SecretRow], of trigger: LiveTrigger, _ flow: LiveFlow, _ vault: WorkspaceVault?
  ) -> [LiveEntry.Secret] {
    rows.compactMap { row in
      do {
        guard let vault else { throw VaultError.noDataKey }
        return LiveEntry.Secret(value: try TriggerSecrets.open(row, vault), expiresAt: row.expiresAt)
      } catch {
        report("a secret does not open", flow, trigger, cause: "\(error)")
        return nil
      }
    }
  }

  private func report(_ what: Logger.Message, _ flow: LiveFlow, _ trigger: LiveTrigger, cause: String) {
    failures.increment()
    logger.error(
      what, metadata: ["workspace": "\(flow.workspace)", "trigger": "\(flow.name)/\(trigger.node)", "cause": "\(cause)"])
  }
}
