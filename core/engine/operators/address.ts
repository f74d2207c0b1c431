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
  if (text.includes("::") && !text.includes("/") && !text.includes("[")) return addressHost(parseIpv6(text.toLowerCase()));
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
  const halves = text.split("::");
  if (halves.length > 2 || text.length > 45) return undefined;
  const head = groups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  let value = 0n;
  for (const group of [...head, ...Array<number>(missing).fill(0), ...tail]) value = (value << 16n) | BigInt(group);
  return value >> 32n === 0xffffn ? { bits: 32, value: value - MAPPED } : { bits: 128, value };
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
