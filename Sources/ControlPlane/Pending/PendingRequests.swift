import HeadgateProto
package import Identifiers
package import Logging
import Postgres
import Rules
package import Store
import Synchronization

/// Verifies the requests that were recorded while a trigger's secret was not known, once it is.
///
/// Any replica may do it, several at once too: a request is settled in one transaction with its runs. Whoever sets a secret says
/// so here; a look at the database every minute finds what a process left behind, and what another replica recorded before it
/// heard of the secret.
package final class PendingRequests: Sendable {
  /// Requests of one transaction.
  private static let batch = 100
  /// Between two looks at the database.
  private static let interval = Duration.seconds(60)
  /// After a secret was set, for replicas that have not heard of it yet.
  private static let afterthought = Duration.seconds(2)

  private let store: Store
  private let triggers: LiveTriggers
  private let sealed: SealedParts
  private let maximumAttempts: Int16
  /// For schemes that sign the URL.
  private let baseURL: [UInt8]
  private let logger: Logger
  private let onRuns: @Sendable (UniqueID, Set<UniqueID>) -> Void
  private let nudges: AsyncStream<Void>
  private let nudged: AsyncStream<Void>.Continuation

  /// - Parameters:
  ///   - publicBaseURL: of the edge nodes, which recorded requests do not tell.
  ///   - onRuns: is told the workspace and the flows that have new runs.
  package init(
    store: Store, triggers: LiveTriggers, sealed: SealedParts, maximumAttempts: Int, publicBaseURL: String, logger: Logger,
    onRuns: @escaping @Sendable (UniqueID, Set<UniqueID>) -> Void
  ) {
    self.store = store
    self.triggers = triggers
    self.sealed = sealed
    self.maximumAttempts = Int16(clamping: maximumAttempts)
    baseURL = Array(publicBaseURL.utf8)
    self.logger = logger
    self.onRuns = onRuns
    (nudges, nudged) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  /// A trigger has got a secret.
  package func secretWasSet() { nudged.yield() }

  /// Works until the task is cancelled.
  package func run() async {
    // What a process that died left behind.
    nudged.yield()
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        while !Task.isCancelled {
          try? await Task.sleep(for: Self.interval)
          if Task.isCancelled { return }
          self.nudged.yield()
        }
      }
      group.addTask {
        for await _ in self.nudges {
          guard await self.round(), !Task.isCancelled else { continue }
          try? await Task.sleep(for: Self.afterthought)
          _ = await self.round()
        }
      }
    }
  }

  /// Settles what can be settled. Says whether there was anything.
  func round() async -> Bool {
    var found = false
    do {
      for name in try await store.triggersWithPendingRequests() where try await settle(name) { found = true }
    } catch {
      logger.warning("pending requests cannot be verified now", metadata: ["cause": "\(error)"])
    }
    return found
  }

  private func settle(_ name: TriggerName) async throws(StoreError) -> Bool {
    guard let entry = triggers.owner(name.trigger), !entry.isPending, let trigger = entry.compiled else { return false }
    var last: UniqueID?
    var limit = Self.batch
    var found = false
    let seen = LastSeen()
    while !Task.isCancelled {
      do {
        let settled = try await store.settlePendingRequests(of: name, after: last, limit: limit) { [self, seen] row in
          seen.note(row.id)
          return decide(row, entry, trigger)
        }
        found = found || settled.seen > 0
        if !settled.flowsWithRuns.isEmpty { onRuns(name.workspace, settled.flowsWithRuns) }
        guard let reached = settled.last else { return found }
        last = reached
        limit = Self.batch
      } catch .database(let cause) {
        // One that the database refuses is not to keep the others waiting: it is found, and passed over.
        guard limit == 1 else {
          limit = 1
          continue
        }
        logger.error(
          "a pending request was refused by the database", metadata: ["trigger": "\(name.trigger)", "cause": "\(cause)"])
        last = seen.id ?? last
        limit = Self.batch
      }
    }
    return found
  }

  /// What becomes of a request as it came, by the rules and secrets of now and the time at which it was received.
  private func decide(_ row: RequestRow, _ entry: LiveEntry, _ trigger: CompiledTrigger) -> IngestEntry? {
    let now = UnixTime.now()
    let request: IncomingRequest
    do throws(SealedParts.Loss) {
      guard row.body != nil || row.bodyLength == 0 else { throw .unreadable }
      request = try sealed.restored(row, key: entry.key, baseURL: baseURL)
    } catch {
      // What is sealed with a data key that has not been heard of is for the next round, here or in another replica.
      guard error == .unreadable else { return nil }
      var refused = row
      refused.outcome = Int16(clamping: RequestOutcome.rejected.rawValue)
      refused.cause = Int16(clamping: RefusalCause.credentialMissing.rawValue)
      refused.explanation = Explanation(refusedBecause: "What it came with is not kept any more.").encoded
      return IngestEntry(request: refused, runs: [], deadline: .now)
    }
    let nodes = DecidedNodes(owner: entry, subscribers: entry.subscribers)
    let decision = trigger.evaluate(
      request, credentials: entry.credentials(at: now), verifyTokens: entry.verifyTokens(at: now),
      environment: entry.environment, subscribers: nodes.triggers, nowUs: row.receivedAt.microseconds)
    guard decision.kind != .pending else { return nil }
    let decided = RequestRow(decision, outcome: decision.outcome ?? .unrouted, of: request, nodes, now: now)
    return IngestEntry(decision, row: decided, nodes, maximumAttempts: maximumAttempts, deadline: .now)
  }
}

/// The request that was decided about last.
private final class LastSeen: Sendable {
  private let state = Mutex<UniqueID?>(nil)

  var id: UniqueID? { state.withLock { $0 } }

  func note(_ id: UniqueID) { state.withLock { $0 = id } }
}
