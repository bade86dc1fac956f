import HeadgateProto
import Identifiers
import RPC
import Store
import Rules
import Testing

@testable import ControlPlane

@Suite("workspace variables")
struct VariableServiceTests {
  @Test(
    "names that are none are refused",
    arguments: ["", "1a", "a-b", "a b", "ä", "a.b", "a\0", String(repeating: "a", count: 65)])
  func names(name: String) async throws {
    try await withControlPlane { fixture in
      let variables = VariableServiceClient(try fixture.caller(.operator))
      let set = try await failure { try await variables.set(SetVariableRequest(name: name, value: "x")) }
      #expect(set.paths == ["name"])
      let deleted = try await failure { try await variables.delete(DeleteVariableRequest(name: name)) }
      #expect(deleted.paths == ["name"])
    }
  }

  @Test("values are bounded, a secret is never empty, what is not there cannot be deleted")
  func faults() async throws {
    try await withControlPlane { fixture in
      let variables = VariableServiceClient(try fixture.caller(.operator))
      let long = String(repeating: "ä", count: 2049)
      let tooLong = try await failure { try await variables.set(SetVariableRequest(name: "a", value: long)) }
      #expect(tooLong.paths == ["value"])
      let nul = try await failure { try await variables.set(SetVariableRequest(name: "a", value: "a\0b")) }
      #expect(nul.paths == ["value"])
      let empty = try await failure { try await variables.set(SetVariableRequest(name: "a", secret: true)) }
      #expect(empty?.faults.map(\.code) == ["required"])
      let missing = try await failure { try await variables.delete(DeleteVariableRequest(name: "a")) }
      #expect(missing?.code == .notFound)
      let nowhere = try await failure { try await variables.list(ListVariablesRequest(workspace: "nowhere")) }
      #expect(nowhere?.code == .notFound)
      #expect(try await fixture.audited().isEmpty)
    }
  }

  @Test("a change is in force at once, here and in every replica, and audited without its value")
  func way() async throws {
    try await withControlPlane { fixture in
      let other = try await Replica(of: fixture)
      let variables = VariableServiceClient(try fixture.caller(.operator))
      let workspace = try #require(try await fixture.node.store.workspace(named: "default")).id
      let here = fixture.node.environments.environment(of: workspace)
      let there = other.node.environments.environment(of: workspace)

      let long = String(repeating: "v", count: 4096)
      _ = try await variables.set(SetVariableRequest(name: "shop", value: long))
      let secret = try await variables.set(SetVariableRequest(name: "Token_2", value: "the-canary-value", secret: true))
      #expect(secret.value.isEmpty && secret.secret && secret.updatedAtUs > 0)
      let expected: [String: WorkspaceEnvironment.Variable] = [
        "shop": .init(value: Array(long.utf8), isSecret: false),
        "Token_2": .init(value: Array("the-canary-value".utf8), isSecret: true),
      ]
      #expect(here.current.variables == expected)
      #expect(try await eventually { there.current.variables == expected })
      let listed = try await variables.list(ListVariablesRequest()).variables
      #expect(listed.map(\.name) == ["Token_2", "shop"])
      #expect(listed.map(\.value) == ["", long])

      // A secret one becomes plain only with a value of its own.
      _ = try await variables.set(SetVariableRequest(name: "Token_2", value: "", secret: false))
      #expect(here.current.variables["Token_2"] == .init(value: [], isSecret: false))
      _ = try await variables.delete(DeleteVariableRequest(name: "shop"))
      #expect(Array(here.current.variables.keys) == ["Token_2"])
      #expect(try await eventually { there.current.variables.count == 1 })

      let audited = try await fixture.audited()
      #expect(audited.map(\.entry.action) == ["variable.set", "variable.set", "variable.set", "variable.delete"])
      #expect(!audited.contains { String(decoding: $0.entry.details, as: UTF8.self).contains("canary") })
      #expect(!fixture.log.text.contains("the-canary-value"))
      await other.end()
    }
  }

  @Test("a ciphertext that was moved to another name does not open: that variable is as if it were not there")
  func movedCiphertext() async throws {
    try await withControlPlane { fixture in
      let variables = VariableServiceClient(try fixture.caller(.operator))
      for name in ["one", "two"] {
        _ = try await variables.set(SetVariableRequest(name: name, value: "value of \(name)", secret: true))
      }
      try await fixture.sql(
        """
        UPDATE workspace_variables SET ciphertext = (SELECT ciphertext FROM workspace_variables WHERE name = 'two')
        WHERE name = 'one'
        """)
      try await fixture.node.loader.reloadAll()
      let workspace = try #require(try await fixture.node.store.workspace(named: "default")).id
      let environment = fixture.node.environments.environment(of: workspace).current
      #expect(environment.variables == ["two": .init(value: Array("value of two".utf8), isSecret: true)])
      #expect(fixture.log.text.contains("a secret variable does not open"))
    }
  }

  @Test("a workspace has its own variables and no more than so many")
  func bounds() async throws {
    try await withControlPlane { fixture in
      let admin = try fixture.caller(.admin)
      _ = try await WorkspaceServiceClient(admin).create(CreateWorkspaceRequest(name: "shop"))
      let variables = VariableServiceClient(admin)
      _ = try await variables.set(SetVariableRequest(workspace: "shop", name: "a", value: "1"))
      #expect(try await variables.list(ListVariablesRequest()).variables.isEmpty)
      try await fixture.sql(
        """
        INSERT INTO workspace_variables (workspace_id, name, value)
        SELECT id, 'v' || n, '' FROM workspaces, generate_series(2, \(VariableLimits.perWorkspace)) n WHERE name = 'shop'
        """)
      let more = try await failure { try await variables.set(SetVariableRequest(workspace: "shop", name: "b", value: "")) }
      #expect(more?.code == .resourceExhausted)
      _ = try await variables.set(SetVariableRequest(workspace: "shop", name: "a", value: "2"))
    }
  }
}
