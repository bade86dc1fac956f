package import HeadgateProto

extension Trigger {
  /// The form for scripts.
  package var json: JSONValue {
    [
      "id": .string(id),
      "flow": .string(flow),
      "node": .string(node),
      "key": .string(key),
      "url": .string(url),
      "enabled": .bool(enabled),
      "published": .bool(!publishedConfig.isEmpty),
      "revision": .integer(revision),
      "auth_mode": .string(authMode),
      "preset": .textOrNull(preset),
      "config": .embedded(config),
      "published_config": .embedded(publishedConfig),
      "secrets": .array(
        secrets.map {
          [
            "id": .string($0.id), "created_at": .time($0.createdAtUs), "expires_at": .time($0.expiresAtUs),
            "master_key_version": .integer($0.masterKeyVersion), "purpose": .string($0.purpose.word),
          ]
        }),
      "source": .textOrNull(source),
      "subscribers": .array(subscribers.map { .string($0) }),
      "secret_pending": .bool(secretPending),
      "created_at": .time(createdAtUs),
      "updated_at": .time(updatedAtUs),
    ]
  }

  /// Whether its URL answers, in one word.
  package var state: String {
    if !enabled { return "disabled" }
    return publishedConfig.isEmpty ? "not published" : "enabled"
  }

  /// Whether it has no secret to verify callers with. Lists do not tell secrets.
  package var waitsForSecret: Bool {
    source.isEmpty && authMode != "public" && !secrets.contains { $0.purpose != .verifyToken }
  }

  /// How callers are verified: "hmac (kiwify)".
  package var verification: String { preset.isEmpty ? authMode : "\(authMode) (\(preset))" }
}

/// Triggers as a table.
package enum TriggerTable {
  package static func table(_ triggers: [Trigger]) -> Table {
    Table(
      [
        Table.Column("TRIGGER", cutTo: 12), Table.Column("STATE"), Table.Column("AUTH", cutTo: 6),
        Table.Column("URL", fallback: .ownLine),
      ],
      rows: triggers.map { trigger in
        [
          Table.Cell("\(trigger.flow)/\(trigger.node)", .bold),
          Table.Cell(trigger.state, trigger.state == "enabled" ? .green : .yellow),
          Table.Cell(trigger.source.isEmpty ? trigger.verification : "subscribes"),
          Table.Cell(trigger.source.isEmpty ? trigger.url : "(that of \(trigger.source))"),
        ]
      })
  }
}

extension RevealedSecret {
  /// The form for scripts: the value as text, or in base 64 when it is not text.
  package var json: JSONValue {
    let isText = String(validating: value, as: UTF8.self) != nil
    return [
      "id": .string(id), "value": .textIfUTF8(value), "value_base64": isText ? .null : .string(base64(value)),
      "created_at": .time(createdAtUs), "expires_at": .time(expiresAtUs), "purpose": .string(purpose.word),
    ]
  }
}

extension SecretPurpose {
  /// For scripts and people; an older control plane knows credentials only.
  package var word: String { self == .verifyToken ? "verify_token" : "credential" }
}
