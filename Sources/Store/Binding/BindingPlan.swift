import Identifiers
import Postgres
import Rules

/// What becomes of some places, decided on what the database held when it was read.
struct BindingPlan {
  /// In the order of the places.
  private(set) var outcomes: [BindingOutcome] = []
  /// By workspace, sorted.
  let changes: [(workspace: UniqueID, changes: BindingChanges)]

  /// Decides, starting from what there is in each workspace.
  init(_ places: [CustomerBinding.Place], _ states: [UniqueID: BindingState]) {
    var planners = states.mapValues { BindingPlanner($0, makeID: Self.makeID) }
    outcomes.reserveCapacity(places.count)
    for place in places {
      let outcome = planners[place.workspace, default: BindingPlanner(BindingState(), makeID: Self.makeID)].bind(place.request)
      outcomes.append(outcome)
    }
    changes = planners.map { ($0.key, $0.value.changes) }.sorted { $0.workspace < $1.workspace }
  }

  /// Nothing has to be written.
  var isEmpty: Bool { changes.allSatisfy { $0.changes.isEmpty } }

  /// Customers whose rows it changes.
  var changedCustomers: Set<CustomerKey> {
    var keys: Set<CustomerKey> = []
    for (workspace, changes) in changes {
      for customer in changes.changed { keys.insert(CustomerKey(workspace: workspace, id: customer.id)) }
    }
    return keys
  }

  private static let identifiers = RequestIDGenerator()

  /// Grows with time, as far as clocks do: the newest customers are those with the greatest ids.
  private static func makeID() -> UniqueID { identifiers.next(unixMilliseconds: UnixTime.now().microseconds / 1000) }
}

/// A customer of a workspace.
struct CustomerKey: Hashable {
  var workspace: UniqueID
  var id: UniqueID
}
