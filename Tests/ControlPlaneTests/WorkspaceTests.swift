import HeadgateProto
import RPC
import Store
import Testing

@testable import ControlPlane

@Suite("workspaces")
struct WorkspaceTests {
  @Test("names that are none are refused", arguments: ["", "A", "1a", "a_b", "a b", String(repeating: "a", count: 64), "ä"])
  func names(name: String) async throws {
    try await withControlPlane { fixture in
      let client = WorkspaceServiceClient(try fixture.caller(.admin))
      let error = try await failure { try await client.create(CreateWorkspaceRequest(name: name)) }
      #expect(error?.faults.map(\.path) == ["name"])
    }
  }

  @Test("default is there from the start; a second of a name is refused")
  func creating() async throws {
    try await withControlPlane { fixture in
      let client = WorkspaceServiceClient(try fixture.caller(.admin))
      #expect(try await client.list(ListWorkspacesRequest()).workspaces.map(\.name) == ["default"])
      let created = try await client.create(CreateWorkspaceRequest(name: "shop-2"))
      #expect(created.name == "shop-2")
      #expect(try await client.get(GetWorkspaceRequest(name: "shop-2")) == created)
      #expect(try await failure { try await client.create(CreateWorkspaceRequest(name: "shop-2")) }?.code == .alreadyExists)
      #expect(try await fixture.audited().map(\.entry.action) == ["workspace.create"])
    }
  }

  @Test("a credential of one workspace sees no other: what is foreign looks missing, in every service")
  func isolation() async throws {
    try await withControlPlane { fixture in
      let admin = try fixture.caller(.admin)
      for name in ["one", "two"] { _ = try await WorkspaceServiceClient(admin).create(CreateWorkspaceRequest(name: name)) }
      let key = try await fixture.publish(Definitions.bearer(secret: "the-secret-of-one"), workspace: "one")["hook"] ?? []
      let request = EdgeRequest.make(key, headers: [("authorization", "Bearer the-secret-of-one")])
      #expect(try await fixture.ingest.submit(request).status == 200)
      let flow = try await FlowServiceClient(admin).get(GetFlowRequest(workspace: "one", flow: "orders"))
      let trigger = flow.triggers.first?.id ?? ""
      let entry = try await LogServiceClient(admin).query(QueryLogsRequest(workspace: "one")).entries.first
      let run = try await RunServiceClient(admin).list(ListRunsRequest(workspace: "one")).runs.first
      #expect(entry != nil && run != nil)

      let stranger = try fixture.caller(.admin, .operator, .reader, .worker, workspace: "two")
      let (flows, triggers) = (FlowServiceClient(stranger), TriggerServiceClient(stranger))
      let (logs, runs, workspaces) = (LogServiceClient(stranger), RunServiceClient(stranger), WorkspaceServiceClient(stranger))
      // By id and name in its own workspace, and in the foreign one by its name.
      for workspace in ["", "two", "one", "nowhere"] {
        let errors: [RPCError?] = [
          try await failure { try await flows.get(GetFlowRequest(workspace: workspace, flow: flow.id)) },
          try await failure { try await flows.get(GetFlowRequest(workspace: workspace, flow: "orders")) },
          try await failure { try await flows.publish(PublishFlowRequest(workspace: workspace, flow: flow.id)) },
          try await failure { try await flows.delete(DeleteFlowRequest(workspace: workspace, flow: flow.id)) },
          try await failure { try await triggers.get(GetTriggerRequest(workspace: workspace, trigger: trigger)) },
          try await failure { try await triggers.reveal(RevealTriggerRequest(workspace: workspace, trigger: trigger)) },
          try await failure { try await triggers.rotate(RotateTriggerRequest(workspace: workspace, trigger: trigger)) },
          try await failure { try await triggers.disable(DisableTriggerRequest(workspace: workspace, trigger: trigger)) },
          try await failure { try await logs.get(GetLogRequest(workspace: workspace, id: entry?.id ?? "")) },
          try await failure { try await runs.get(GetRunRequest(workspace: workspace, id: run?.id ?? "")) },
          try await failure {
            try await runs.complete(CompleteRunRequest(workspace: workspace, id: run?.id ?? "", leaseEpoch: 1))
          },
        ]
        for (index, error) in errors.enumerated() { #expect(error?.code == .notFound, "\(workspace) \(index)") }
      }
      let foreign = try await failure { try await flows.list(ListFlowsRequest(workspace: "one")) }
      let absent = try await failure { try await flows.list(ListFlowsRequest(workspace: "nil")) }
      #expect(foreign?.message.replacing("one", with: "nil") == absent?.message)
      #expect(try await flows.list(ListFlowsRequest()).flows.isEmpty)
      #expect(try await logs.query(QueryLogsRequest()).entries.isEmpty)
      #expect(try await runs.lease(LeaseRunsRequest()).runs.isEmpty)
      #expect(try await workspaces.list(ListWorkspacesRequest()).workspaces.map(\.name) == ["two"])
      let create = try await failure { try await workspaces.create(CreateWorkspaceRequest(name: "three")) }
      #expect(create?.code == .permissionDenied)
      let status = try await StatusServiceClient(stranger).get(GetStatusRequest())
      #expect(status.runsReady == 0)
      #expect(status.peers.isEmpty)
      #expect(status.triggersLoaded == 0)
      #expect(status.outcomes.isEmpty)
      let confined = IngestServiceClient(try fixture.caller(.edge, workspace: "one"))
      #expect(try await failure { try await confined.submit(request) }?.code == .permissionDenied)
      // The own workspace is whole: the same flow name is free there.
      _ = try await flows.apply(ApplyFlowRequest(definition: Array(Definitions.open().utf8), publish: true))
      #expect(try await FlowServiceClient(admin).get(GetFlowRequest(workspace: "one", flow: "orders")).id == flow.id)
    }
  }

  @Test("a cursor of one workspace is none of another")
  func cursors() async throws {
    try await withControlPlane { fixture in
      let admin = try fixture.caller(.admin)
      _ = try await WorkspaceServiceClient(admin).create(CreateWorkspaceRequest(name: "two"))
      for name in ["a", "b"] { try await fixture.publish(Definitions.open(name)) }
      let cursor = try await FlowServiceClient(admin).list(ListFlowsRequest(pageSize: 1)).nextCursor
      #expect(!cursor.isEmpty)
      let error = try await failure {
        try await FlowServiceClient(admin).list(ListFlowsRequest(workspace: "two", pageSize: 1, cursor: cursor))
      }
      #expect(error?.faults.map(\.path) == ["cursor"])
    }
  }
}
