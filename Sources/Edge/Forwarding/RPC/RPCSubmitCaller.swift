package import HeadgateProto
package import NIOCore
package import RPC

/// Attempts over the RPC client.
package struct RPCSubmitCaller: SubmitCaller {
  private let client: RPCClient

  package init(client: RPCClient) {
    self.client = client
  }

  package var isReady: Bool { client.isReady }
  package var clockOffset: Duration { client.serverTimeOffset ?? .zero }

  package func attempt(
    _ request: SubmitRequest, timeout: Duration, avoiding previous: ConnectionID?, on eventLoop: any EventLoop,
    completion: @escaping (Result<SubmitResponse, RPCError>) -> Void
  ) -> ConnectionID? {
    client.submit(
      IngestServiceMethods.submit, request, timeout: timeout, avoiding: previous, waits: true, on: eventLoop,
      completion: completion)
  }
}
