package import Identifiers
import Postgres
package import Rules

extension Store {
  /// What binding these would come to, one after the other. Nothing is changed; customers and chats that would be made have no
  /// id.
  package func previewBindings(_ requests: [BindingRequest], in workspace: UniqueID) async throws(StoreError) -> [BindingOutcome]
  {
    guard !requests.isEmpty else { return [] }
    return try await read { session in
      let places = requests.enumerated().map {
        CustomerBinding.Place(draft: 0, part: $0.offset, workspace: workspace, request: $0.element)
      }
      let state = try BindingReading(places).read(session)[workspace] ?? BindingState()
      var planner = BindingPlanner(state, makeID: UniqueID.random)
      return requests.map { request in
        var outcome = planner.bind(request)
        if outcome.customerManner == .created { outcome.customer = nil }
        if outcome.chatManner == .created { outcome.chat = nil }
        return outcome
      }
    }
  }
}
