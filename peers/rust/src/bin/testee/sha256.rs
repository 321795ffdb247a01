//! SHA-256 of FIPS 180-4, by which large answers are told.

/// The first 32 bits of what stands behind the point in the cube roots of the first 64 primes.
fn constants() -> [u32; 64] {
    let mut constants = [0; 64];
    for (place, prime) in constants.iter_mut().zip(primes()) {
        *place = root_bits(prime, 3);
    }
    constants
}

fn primes() -> impl Iterator<Item = u128> {
    (2u128..).filter(|one| (2..*one).all(|divisor| one % divisor != 0))
}

/// The first 32 bits behind the point in the root of `number` of this degree.
fn root_bits(number: u128, degree: u32) -> u32 {
    // The largest `root` with root^degree <= number * 2^(32 * degree).
    let wanted = number << (32 * degree);
    let (mut low, mut high) = (0u128, 1u128 << 42);
    while high - low > 1 {
        let middle = (low + high) / 2;
        if middle.checked_pow(degree).is_some_and(|power| power <= wanted) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low as u32
}

/// The digest, in hex.
pub fn sha256(data: &[u8]) -> String {
    let constants = constants();
    let mut state = [0u32; 8];
    for (place, prime) in state.iter_mut().zip(primes()) {
        *place = root_bits(prime, 2);
    }
    let mut tail = data[data.len() / 64 * 64..].to_vec();
    tail.push(0x80);
    while tail.len() % 64 != 56 {
        tail.push(0);
    }
    tail.extend_from_slice(&(8 * data.len() as u64).to_be_bytes());
    for block in data.chunks_exact(64).chain(tail.chunks_exact(64)) {
        compress(&mut state, block, &constants);
    }
    state.iter().map(|word| format!("{word:08x}")).collect()
}

fn compress(state: &mut [u32; 8], block: &[u8], constants: &[u32; 64]) {
    let mut words = [0u32; 64];
    for (word, bytes) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    }
    for at in 16..64 {
        let (two, fifteen) = (words[at - 2], words[at - 15]);
        let low = fifteen.rotate_right(7) ^ fifteen.rotate_right(18) ^ (fifteen >> 3);
        let high = two.rotate_right(17) ^ two.rotate_right(19) ^ (two >> 10);
        words[at] = words[at - 16].wrapping_add(low).wrapping_add(words[at - 7]).wrapping_add(high);
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (word, constant) in words.iter().zip(constants) {
        let mixed = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let chosen = (e & f) ^ (!e & g);
        let first =
            h.wrapping_add(mixed).wrapping_add(chosen).wrapping_add(*constant).wrapping_add(*word);
        let mixed = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        (h, g, f, e) = (g, f, e, d.wrapping_add(first));
        (d, c, b) = (c, b, a);
        a = first.wrapping_add(mixed).wrapping_add(majority);
    }
    for (place, word) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *place = place.wrapping_add(word);
    }
}

#[cfg(test)]
mod tests {
    use super::sha256;

    #[test]
    fn the_digests_of_the_standard() {
        let of_abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), of_abc);
        let of_two = "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1";
        assert_eq!(sha256(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), of_two);
    }
}
