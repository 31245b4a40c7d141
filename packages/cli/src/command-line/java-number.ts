/**
 * A floating point number as Java prints it: always with a point, and with an exponent outside 10⁻³ … 10⁷. `shortest`
 * are its digits where they are not those of a 64-bit number.
 */
export const javaNumber = (value: number, shortest = String(value)): string => {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e7)) {
    const [mantissa = '', exponent = ''] = Number(shortest).toExponential().split('e');
    return `${mantissa.includes('.') ? mantissa : `${mantissa}.0`}E${exponent.replace('+', '')}`;
  }
  const plain = Object.is(value, -0) ? '-0' : shortest;
  return plain.includes('.') ? plain : `${plain}.0`;
};
