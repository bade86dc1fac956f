package import HeadgateProto

extension Flow {
  /// The form for scripts. Definitions are null where the control plane left them out.
  package var json: JSONValue {
    var json = wholeJSON
    if !versionDefinition.isEmpty { json.set("version_definition", .embedded(versionDefinition)) }
    return json
  }

  private var wholeJSON: JSONValue {
    [
      "id": .string(id),
      "name": .string(name),
      "revision": .integer(revision),
      "published_version": publishedVersion == 0 ? .null : .integer(publishedVersion),
      "draft_published": .bool(draftPublished),
      "draft": .embedded(draft),
      "published": .embedded(published),
      "versions": .array(
        versions.map {
          [
            "version": .integer($0.version), "published_at": .time($0.publishedAtUs),
            "published_by": .textOrNull($0.publishedBy),
          ]
        }),
      "triggers": .array(
        triggers.map {
          ["id": .string($0.id), "node": .string($0.node), "key": .string($0.key), "enabled": .bool($0.enabled)]
        }),
      "created_at": .time(createdAtUs),
      "updated_at": .time(updatedAtUs),
    ]
  }

  /// Which version requests meet and whether the draft is another one, in words.
  package var publication: String {
    if publishedVersion == 0 { return "not published" }
    return draftPublished ? "version \(publishedVersion)" : "version \(publishedVersion), draft differs"
  }
}

/// Flows as a table.
package enum FlowTable {
  package static func table(_ flows: [Flow], time: (Int64) -> String) -> Table {
    Table(
      [
        Table.Column("FLOW", cutTo: 12), Table.Column("PUBLISHED", cutTo: 10), Table.Column("TRIGGERS", cutTo: 10),
        Table.Column("REVISION", .right), Table.Column("UPDATED"),
      ],
      rows: flows.map { flow in
        [
          Table.Cell(flow.name, .bold),
          Table.Cell(flow.publication, flow.draftPublished ? .plain : .yellow),
          Table.Cell(flow.triggers.map { $0.enabled ? $0.node : "\($0.node) (disabled)" }.joined(separator: ", ")),
          Table.Cell(String(flow.revision)),
          Table.Cell(time(flow.updatedAtUs)),
        ]
      })
  }
}
