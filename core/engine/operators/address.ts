/**
 * Reads the host out of a URL or an address. Where programs are known to disagree about what the host is (backslashes, blanks, several
 * `@`, percent signs, unusual spellings of IPv4, names outside ASCII), there is no answer, and the condition is unevaluable.
 */
export interface Host {
  /** Lower case, without the final dot; an address in its normal form. */
  readonly name: string;
  /** Present when the host is an IP address; IPv4-mapped IPv6 is IPv4. */
  readonly address?: Address;
}
export interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}
export interface Network {
  readonly source: string;
  readonly bits: 32 | 128;
  readonly prefix: number;
  readonly value: bigint;
}

const MAX_URL = 8_192;
// Blanks, controls, backslash and everything outside ASCII.
const SUSPICIOUS = /[^\x21-\x5b\x5d-\x7e]/;
const SCHEME = /^(?:[A-Za-z][A-Za-z0-9+.-]{0,31}:)?\/\//;
const LABELS = /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const IPV4 = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;
/** A last label that begins with a digit is read as a number by browsers and by inet_aton. */
const NUMERIC_LAST = /(?:^|\.)(?:\d+|0x[0-9a-f]*)$/;

export function hostOf(text: string): Host | undefined {
  if (text.length > MAX_URL || SUSPICIOUS.test(text)) return undefined;
  if (text.includes("::") && !text.includes("/") && !text.includes("["))
    return addressHost(parseIpv6(text.toLowerCase()));
  const scheme = SCHEME.exec(text);
  const rest = scheme === null ? text : text.slice(scheme[0].length);
  const end = rest.search(/[/?#]/);
  const authority = end === -1 ? rest : rest.slice(0, end);
  const at = authority.indexOf("@");
  if (at !== authority.lastIndexOf("@")) return undefined;
  return parseHostPort(authority.slice(at + 1).toLowerCase());
}

function parseHostPort(text: string): Host | undefined {
  const bracketed = /^\[([0-9a-f:.]{2,45})\](?::\d{1,5})?$/.exec(text);
  if (bracketed !== null) return addressHost(parseIpv6(bracketed[1] ?? ""));
  const colon = text.indexOf(":");
  if (colon === -1) return parseHost(text);
  if (/^:\d{1,5}$/.test(text.slice(colon))) return parseHost(text.slice(0, colon));
  return addressHost(parseIpv6(text));
}

/** A name or an IPv4 address as it stands in a URL or in a policy's list. */
export function parseHost(text: string): Host | undefined {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name.length > 253) return undefined;
  if (IPV4.test(name)) return addressHost(parseIpv4(name));
  if (NUMERIC_LAST.test(name) || !LABELS.test(name)) return undefined;
  return { name };
}

export function parseAddress(text: string): Address | undefined {
  return IPV4.test(text) ? parseIpv4(text) : parseIpv6(text.toLowerCase());
}

function parseIpv4(text: string): Address | undefined {
  let value = 0n;
  for (const part of text.split(".")) {
    if (Number(part) > 255) return undefined;
    value = value * 256n + BigInt(part);
  }
  return { bits: 32, value };
}

const MAPPED = 0xffffn << 32n;

/** RFC 4291, section 2.2. */
function parseIpv6(text: string): Address | undefined {
  if (text.length > 45) return undefined;
  const all = eightGroups(text.split("::"));
  if (all === undefined) return undefined;
  const value = all.reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
  return value >> 32n === 0xffffn ? { bits: 32, value: value - MAPPED } : { bits: 128, value };
}

/** `::` stands once, for at least one group of zeros. */
function eightGroups([before = "", after, ...more]: readonly string[]): readonly number[] | undefined {
  if (more.length > 0) return undefined;
  const head = groups(before, after === undefined);
  if (after === undefined) return head?.length === 8 ? head : undefined;
  const tail = groups(after, true);
  if (head === undefined || tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** Sixteen-bit groups; the last may be a dotted IPv4 address where the text ends. */
function groups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const result: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/.test(part)) result.push(Number.parseInt(part, 16));
    else if (last && index === parts.length - 1 && IPV4.test(part)) {
      const address = parseIpv4(part);
      if (address === undefined) return undefined;
      result.push(Number(address.value >> 16n), Number(address.value & 0xffffn));
    } else return undefined;
  }
  return result;
}

function addressHost(address: Address | undefined): Host | undefined {
  return address === undefined ? undefined : { name: `${address.bits}/${address.value}`, address };
}

/** `10.0.0.0/8`, `2001:db8::/32`, or one address. Undefined when the text is none; bits beyond the prefix are ignored. */
export function parseNetwork(source: string): Network | undefined {
  const slash = source.indexOf("/");
  const address = parseAddress(slash === -1 ? source : source.slice(0, slash));
  if (address === undefined) return undefined;
  const length = slash === -1 ? String(address.bits) : source.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > address.bits) return undefined;
  return { source, bits: address.bits, prefix: Number(length), value: address.value };
}

export function inNetwork(host: Host, network: Network): boolean {
  const { address } = host;
  if (address === undefined || address.bits !== network.bits) return false;
  const shift = BigInt(network.bits - network.prefix);
  return address.value >> shift === network.value >> shift;
}
