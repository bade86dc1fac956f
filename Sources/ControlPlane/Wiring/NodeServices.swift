package import Logging
import ServiceLifecycle
import Store

/// The connections to PostgreSQL: first to start, last to end.
package struct DatabaseService: Service {
  private let node: ControlPlaneNode
  private let drain: Duration

  package init(_ node: ControlPlaneNode, drain: Duration) {
    self.node = node
    self.drain = drain
  }

  package func run() async throws {
    node.start()
    // Cancelled or not, what is queued is committed.
    await endOfService()
    await node.shutDown(within: drain)
  }
}

/// Brings the process up and then keeps the live configuration and the waiting workers up to date.
package struct ConfigurationService: Service {
  private let node: ControlPlaneNode
  private let logger: Logger

  package init(_ node: ControlPlaneNode, logger: Logger) {
    self.node = node
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      await BringUp(node, logger: logger).run()
      await follow()
    }
  }

  /// Follows what changes elsewhere until the task is cancelled.
  func follow() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await followChanges() }
      group.addTask { await followRuns() }
      group.addTask { await node.listenFollower.follow(node.feed.listenNews()) }
      group.addTask { await reloadRegularly() }
      group.addTask { await node.pending.run() }
      group.addTask {
        await APIKeyWatch(
          keys: node.apiKeys, store: node.store, feed: node.feed, rhythm: node.options.apiKeyRhythm, logger: logger
        ).run()
      }
      group.addTask {
        await CertificateWatch(
          certificates: node.certificates, feed: node.feed, rhythm: node.options.apiKeyRhythm, logger: logger
        ).run()
      }
    }
  }

  private func followChanges() async {
    for await change in node.feed.changes() {
      switch change {
      case .flow(let flow, let workspace): await keepTrying { try await node.loader.load(flow, in: workspace) }
      case .workspace, .mayHaveMissed: await keepTrying { try await node.loader.reloadAll() }
      // They have a watch of their own, which a long load of everything does not hold up.
      case .apiKeys, .certificates: break
      }
    }
  }

  private func followRuns() async {
    for await ready in node.feed.readyRuns() {
      node.commits.ring()
      switch ready {
      case .workspace(let workspace): node.bell.ring(workspace, flow: nil)
      case .mayHaveMissed: node.bell.ringAll()
      }
    }
  }

  private func reloadRegularly() async {
    while !Task.isCancelled {
      try? await Task.sleep(for: node.options.reloadInterval)
      if Task.isCancelled { return }
      do { try await node.loader.reloadAll() } catch { logger.warning("reload failed", metadata: ["cause": "\(error)"]) }
    }
  }

  /// A change that was announced must not be missed because the database was away for a moment.
  private func keepTrying(_ load: () async throws -> Void) async {
    var failures = 0
    while !Task.isCancelled {
      do {
        return try await load()
      } catch {
        failures += 1
        if failures == 1 { logger.warning("reload failed", metadata: ["cause": "\(error)"]) }
        try? await Task.sleep(for: .milliseconds(min(2000, 50 << min(failures, 6))))
      }
    }
  }
}

/// Makes the partitions of the coming days, drops those past their retention, deletes secrets, claims of deliveries and
/// certificates that have ended.
package struct MaintenanceService: Service {
  /// Between two rounds.
  static let interval = Duration.seconds(900)

  private let node: ControlPlaneNode
  private let logger: Logger

  package init(_ node: ControlPlaneNode, logger: Logger) {
    self.node = node
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        try? await Task.sleep(for: Self.interval)
        if Task.isCancelled { return }
        await round()
      }
    }
  }

  /// One round; what fails is tried again in the next.
  func round() async {
    guard node.readiness.closedBecause == nil else { return }
    do {
      let made = try await node.store.createPartitions()
      if made > 0 { logger.info("partitions made", metadata: ["count": "\(made)"]) }
      let done = try await node.store.cleanUp(node.options.retention)
      if let done, !done.isEmpty { logger.notice("cleaned up", metadata: ["done": "\(done.summary)"]) }
      let deleted = try await node.store.deleteExpiredSecrets()
      if deleted > 0 { logger.info("ended secrets deleted", metadata: ["count": "\(deleted)"]) }
      let expired = try await node.store.deleteExpiredClaims()
      if expired > 0 { logger.debug("expired claims deleted", metadata: ["count": "\(expired)"]) }
      let ended = try await node.store.deleteEndedCertificates(olderThanDays: CertificateLimits.listedAfterEndDays)
      if ended > 0 { logger.info("ended certificates taken out of the list", metadata: ["count": "\(ended)"]) }
      node.retention.succeeded(droppedPartitions: done?.dropped.count ?? 0)
    } catch {
      node.retention.failed()
      logger.warning("maintenance failed", metadata: ["cause": "\(error)"])
    }
  }
}

/// Counts the runs of the database at times, for the metrics: a scrape must not wait for PostgreSQL.
package struct RunCountService: Service {
  /// Between two counts. Each reads the index of unfinished runs.
  static let interval = Duration.seconds(15)

  private let node: ControlPlaneNode

  package init(_ node: ControlPlaneNode) { self.node = node }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        await round()
        try? await Task.sleep(for: Self.interval)
      }
    }
  }

  /// Counts once; without a database nothing is known, which the metrics show.
  func round() async {
    guard node.readiness.notReadyBecause == nil, let counts = try? await node.store.runCounts() else { return }
    node.runMetrics.counted(counts)
  }
}
