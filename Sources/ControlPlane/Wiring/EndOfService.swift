import ServiceLifecycle

/// Waits until the process is to end: graceful shutdown of the service group, or cancellation of the task.
///
/// Not `gracefulShutdown()`: its waiter forgets a signal that comes while it is being set up (swift-service-lifecycle 2.13,
/// `CancellationWaiter`), and the service then never ends. A finished stream stays finished.
func endOfService() async {
  let (stream, continuation) = AsyncStream.makeStream(of: Never.self)
  await withTaskCancellationOrGracefulShutdownHandler {
    for await _ in stream {}
  } onCancelOrGracefulShutdown: {
    continuation.finish()
  }
}
