import { type DocumentNode, Kind, OperationTypeNode } from "graphql";
import { type Role, roles } from "./roles.gen";

/** The role that serves a document, by the schema's own table of root fields. Errors: fields of two roles, or of none. */
export function roleOf(document: DocumentNode): Role {
  const found = new Set<Role>();
  for (const operation of document.definitions) {
    if (operation.kind !== Kind.OPERATION_DEFINITION) continue;
    for (const field of operation.selectionSet.selections) {
      if (field.kind !== Kind.FIELD || field.name.value.startsWith("__")) continue;
      const role = roles[operation.operation][field.name.value];
      if (!role) throw new Error(`no role serves ${operation.operation} ${field.name.value}`);
      found.add(role);
    }
  }
  const [role, ...others] = found;
  if (!role || others.length > 0)
    throw new Error(`one document needs one role, not ${[...found].join(" and ") || "none"}`);
  return role;
}

/** Whether a document's operation is a mutation: it may have happened although no answer came. */
export function isMutation(document: DocumentNode): boolean {
  return document.definitions.some(
    (one) => one.kind === Kind.OPERATION_DEFINITION && one.operation === OperationTypeNode.MUTATION,
  );
}
