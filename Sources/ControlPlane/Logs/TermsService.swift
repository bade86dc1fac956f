package import Logging
import ServiceLifecycle
import Store

/// Makes requests known to the index that searches of the log go by, some seconds after they were recorded and many at once: in
/// the record's own transaction it would cost each request several times as much.
package struct TermsService: Service {
  /// Between two rounds. What was recorded since the last one is read by every search.
  static let interval = Duration.seconds(10)

  private let node: ControlPlaneNode
  private let logger: Logger

  package init(_ node: ControlPlaneNode, logger: Logger) {
    self.node = node
    self.logger = logger
  }

  package func run() async throws {
    await cancelWhenGracefulShutdown {
      var isComplete = false
      while !Task.isCancelled {
        if !isComplete { isComplete = await complete() }
        await round()
        try? await Task.sleep(for: Self.interval)
      }
    }
  }

  /// Gives days from before an upgrade the index.
  ///
  /// - Returns: whether all have it; otherwise it is tried again.
  func complete() async -> Bool {
    guard node.readiness.notReadyBecause == nil else { return false }
    do {
      let made = try await node.store.completeTerms()
      if !made.isEmpty { logger.notice("log indexes made", metadata: ["days": "\(made.count)"]) }
      return true
    } catch {
      logger.warning("log indexes could not be made", metadata: ["cause": "\(error)"])
      return false
    }
  }

  /// One round; what fails is done in the next.
  func round() async {
    guard node.readiness.notReadyBecause == nil else { return }
    do { try await node.store.summarizeTerms() } catch {
      logger.debug("requests could not be summarized", metadata: ["cause": "\(error)"])
    }
  }
}
