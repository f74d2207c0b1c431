/** A node of a JSON schema, as far as the generator looks into it. */
export interface SchemaNode {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly items?: SchemaNode;
  readonly [keyword: string]: unknown;
}

const PRESERVE = "x-kubernetes-preserve-unknown-fields";
const dropped = new Set(["examples", "example", "title", "propertyNames", "$schema", "$id", "id"]);
const impossible = ["oneOf", "anyOf", "allOf", "not", "$ref"];

/** A JSON schema as the API server takes it: structural, with open objects marked as such. Throws for what has no structural form. */
export function structuralSchema(node: SchemaNode, path = ""): SchemaNode {
  const broken = impossible.find((keyword) => keyword in node);
  if (broken !== undefined) throw new Error(`${path || "/"}: ${broken} has no structural form`);
  const result = Object.fromEntries(Object.entries(node).filter(([keyword]) => !dropped.has(keyword)));
  // The API server knows the formats in use; a pattern beside one would say the same twice.
  if (node["format"] !== undefined) delete result["pattern"];
  if (node.type === "integer") boundInteger(result);
  if (node.properties !== undefined) result["properties"] = mapValues(node.properties, path);
  if (node.items !== undefined) result["items"] = structuralSchema(node.items, `${path}/items`);
  openUp(node, result, path);
  return result;
}

/** Typeless values and objects without stated fields keep what they are given; their meaning is checked at admission. */
function openUp(node: SchemaNode, result: Record<string, unknown>, path: string): void {
  const values = node.additionalProperties;
  delete result["additionalProperties"];
  if (node.type === undefined) result[PRESERVE] = true;
  else if (typeof values === "object" && Object.keys(values).length > 0) {
    result["additionalProperties"] = structuralSchema(values, `${path}/*`);
  } else if (node.type === "object" && values !== false) result[PRESERVE] = true;
}

/** Every integer of JavaScript is bounded by 2^53; said by its format, not by two odd numbers. */
function boundInteger(result: Record<string, unknown>): void {
  if (result["minimum"] === -Number.MAX_SAFE_INTEGER) delete result["minimum"];
  if (result["maximum"] === Number.MAX_SAFE_INTEGER) delete result["maximum"];
  result["format"] = "int64";
}

function mapValues(nodes: Readonly<Record<string, SchemaNode>>, path: string): Record<string, SchemaNode> {
  return Object.fromEntries(
    Object.entries(nodes).map(([key, node]) => [key, structuralSchema(node, `${path}/${key}`)]),
  );
}
