import Logging
import ServiceLifecycle
import TokenVault
import UnixSignals

/// Reads the master keys anew at SIGHUP, so that a version can be added or taken away without a restart.
struct MasterKeyReload: Service {
  let keys: WorkspaceKeys
  let source: MasterKeySource
  let logger: Logger

  func run() async throws {
    let signals = await UnixSignalsSequence(trapping: .sighup)
    await cancelWhenGracefulShutdown {
      for await _ in signals { await reload() }
    }
  }

  /// Takes the keys of the source. What cannot be used is told in the log, and the present keys stay.
  func reload() async {
    do {
      let masterKeys = try source.read()
      try await keys.replace(masterKeys: masterKeys)
      logger.notice(
        "master keys read anew",
        metadata: ["versions": "\(masterKeys.versions)", "current": "\(masterKeys.currentVersion)"])
    } catch {
      logger.error("the master keys stay as they were", metadata: ["cause": "\(error)"])
    }
  }
}
