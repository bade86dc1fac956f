package import HeadgateProto
import Identifiers
import Observability
import Postgres
package import Store

/// `StatusService`: how this process and its database are doing.
package struct StatusService: StatusServiceHandler {
  /// What the answer is made of.
  package struct Sources: Sendable {
    package var instanceID: String
    package var readiness: Readiness
    package var store: Store
    package var ingest: IngestWriter
    package var triggers: LiveTriggers
    package var metrics: IngestMetrics
    package var retention: RetentionRules
    /// Callers that are connected now.
    package var peers: @Sendable () async -> [ConnectedPeer]
  }

  private let sources: Sources
  private let directory: WorkspaceDirectory
  private let startedAt = WallTime.now

  package init(_ sources: Sources, directory: WorkspaceDirectory) {
    self.sources = sources
    self.directory = directory
  }

  package func get(_ request: GetStatusRequest, context: CallContext) async throws -> StatusReport {
    let store = sources.store
    let status = store.status
    let notReady = sources.readiness.notReadyBecause
    var report = StatusReport(
      agent: ControlPlaneVersion.agent, instanceId: sources.instanceID, startedAtUs: startedAt.microseconds,
      ready: notReady == nil, notReadyBecause: notReady ?? "")
    let isConnected = sources.readiness.databaseIsConnected()
    report.database = DatabaseStatus(
      connected: isConnected, serverVersion: status.serverVersion, durable: status.isDurable)
    // A credential of one workspace learns nothing of others: neither who is connected nor how much they run.
    if context.principal.workspace == nil {
      report.triggersLoaded = UInt64(sources.triggers.count)
      report.ingestQueue = UInt64(sources.ingest.status.queuedEntries)
      report.outcomes = sources.metrics.counts
      report.submitP50Us = UInt32(clamping: sources.metrics.latency.quantile(0.5) ?? 0)
      report.submitP99Us = UInt32(clamping: sources.metrics.latency.quantile(0.99) ?? 0)
      report.recorded = sources.ingest.status.committedEntries
      report.peers = await sources.peers()
    }
    // The report is also for when the database is away: what it would tell is left out then.
    if isConnected, sources.readiness.closedBecause == nil {
      report.database?.schemaVersion = UInt32(clamping: (try? await store.schemaVersion()) ?? 0)
      let workspace = context.principal.workspace == nil ? nil : try await directory.workspace("", for: context.principal).id
      report.retention = (try? await store.retentionState()).map { state in
        var status = RetentionStatus(state, sources.retention)
        // What was cleaned up, and how old the oldest request is, is of all workspaces.
        if workspace != nil { (status.lastResult, status.lastError, status.oldestRequestAtUs) = ("", "", 0) }
        return status
      }
      if let counts = try? await store.runCounts(in: workspace) {
        report.runsReady = UInt64(clamping: counts.ready)
        report.runsLeased = UInt64(clamping: counts.leased)
        report.runsDead = UInt64(clamping: counts.dead)
        if let since = counts.oldestReadySince {
          report.oldestReadyRunUs = max(0, WallTime.now.microseconds - since.microseconds)
        }
      }
    }
    return report
  }
}

extension RetentionStatus {
  init(_ state: RetentionState, _ rules: RetentionRules) {
    let requestDays = UInt32(clamping: rules.requestDays ?? 0)
    self.init(
      bodyDays: rules.bodyDays.map { UInt32(clamping: $0) } ?? requestDays, requestDays: requestDays,
      lastRunAtUs: state.lastRunAt?.microseconds ?? 0, lastResult: state.result, lastError: state.error,
      oldestRequestAtUs: state.oldestRequestDay?.microseconds ?? 0)
  }
}
