import { E } from "./entities.ts";
import type { Scanner } from "./scanner.ts";

/** Names and addresses have no shape: only the key says what they are. */
const person =
  /^(?:(?:first|last|middle|full|given|family|maiden|birth|customer|client|passenger|patient|employee|guest|holder|cardholder|contact|recipient|sender|owner|user|person|beneficiary|account_holder|legal)_?)?(?:name|surname|forename)s?$|^(?:surname|forename|cardholder|fullname|firstname|lastname|vorname|nachname|nombre|apellidos?|prenom|nom)$/;
const place =
  /^(?:(?:home|postal|mailing|street|billing|shipping|delivery|residential)_?)?address(?:_?(?:line)?_?\d)?$|^(?:street|street_?name|city|town|zip|zip_?code|postal_?code|postcode|plz|stra(?:ss|ß)e|ort|wohnort|direccion|adresse|calle)$/;

const LONGEST = 160;

function snake(key: string): string {
  return key
    .slice(-LONGEST)
    .replaceAll(/([a-z\d])([A-Z])/g, "$1_$2")
    .replaceAll(/[\s-]+/g, "_")
    .toLowerCase();
}

/** `name` alone may be anybody's or anything's. */
function isPerson(key: string): boolean {
  return person.test(key) && key !== "name" && key !== "names";
}

function keyOf(s: Scanner): string {
  if (s.sibling !== "") return snake(s.sibling);
  const key = s.keys.findLast((step) => typeof step === "string");
  return typeof key === "string" ? snake(key) : "";
}

/** PERSON and LOCATION: the whole value when its key names it and nothing else was found in it. Both are off by default. */
export function namedValue(s: Scanner): void {
  if (!s.wants(E.PERSON) && !s.wants(E.LOCATION)) return;
  const { text } = s;
  if (s.inKey || s.hits.length > 0 || text.length > LONGEST || text.trim() === "") return;
  const key = keyOf(s);
  const all = { start: 0, end: text.length, score: 0.6, rule: "key" };
  if (isPerson(key) && /\p{L}{2}/u.test(text)) s.add(E.PERSON, all);
  else if (place.test(key)) s.add(E.LOCATION, all);
}
