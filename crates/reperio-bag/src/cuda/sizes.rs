//! The structs that host and kernels share, field by field as `kernels/sizes.cuh` has them.

/// Sequences that a warp follows together.
pub(super) const TILE: usize = 8;
/// Floats at the start of shared memory that hold [`Sizes`].
pub(super) const MODEL_AT: usize = 64;
/// Places for state patterns in arrays of fixed size.
pub(super) const HEADS: usize = 8;

/// Declares [`Sizes`] and lists its fields.
macro_rules! sizes {
    ($($field:ident: $type:ty,)*) => {
        /// Sizes of a bag operation, and where everything lies; 32-bit integers alone.
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub(super) struct Sizes {
            $(pub(super) $field: $type,)*
        }

        #[cfg(test)]
        const FIELDS: &[(&str, usize)] = &[$((stringify!($field), size_of::<$type>() / 4),)*];
    };
}

sizes! {
    channels: i32, dim: i32, genes: i32, width: i32, heads: i32, layers: i32,
    slabs: i32, dim_blocks: i32, width_blocks: i32,
    dim_stride: i32, width_stride: i32,
    code_stride: i32,
    padded: i32, position: i32, position_rows: i32, from_start: i32, from_end: i32, count_scaling: i32,
    slab_list: i32, widths: i32, bias: i32, key: [i32; 3], key_bias: [i32; 3], query: i32, gamma: i32,
    staged: i32,
    position_terms: i32, gene_v: i32, gene_j: i32,
    d_table: i32, d_bias: i32, d_position: i32, d_key: [i32; 3], d_key_bias: [i32; 3], d_query: i32,
    d_gamma: i32, d_gene_v: i32, d_gene_j: i32, d_len: i32,
    tables: i32,
    warp_floats: i32, scratch: i32, gradient: i32, dz: i32, warp_query: i32,
}

/// A repertoire, or a stretch of one, in device memory; pointers are device addresses.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct BagData {
    pub(super) residues: u64,
    pub(super) offsets: u64,
    pub(super) v: u64,
    pub(super) j: u64,
    pub(super) log_counts: u64,
    /// What the first of `offsets` is.
    pub(super) first_residue: u32,
    /// Bag of the call.
    pub(super) bag: u32,
    /// Place of its first sequence among all results.
    pub(super) row: u32,
    pub(super) scale: f32,
    pub(super) padded_length: i32,
    pub(super) reserved: i32,
}

/// Sequences of a [`BagData`]: the unit of work of a block.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Part {
    pub(super) data: u32,
    pub(super) start: u32,
    pub(super) end: u32,
    /// Where its result goes.
    pub(super) slot: u32,
}

/// A size as the kernels take it.
pub(super) fn int(size: usize) -> i32 {
    i32::try_from(size).expect("sizes of a model are far below 2^31")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and lengths of the fields of a C struct of integers, in order.
    fn fields(source: &str, name: &str) -> Vec<(String, usize)> {
        let body = source.split_once(&format!("struct {name} {{")).expect("the struct").1;
        let body = body.split_once("};").expect("its end").0;
        let code = body.lines().map(|line| line.split("//").next().unwrap_or(""));
        let text = code.collect::<Vec<_>>().join(" ");
        let names =
            text.split(';').flat_map(|line| line.trim().trim_start_matches("int ").split(','));
        let field = |name: &str| match name.trim().split_once('[') {
            Some((name, len)) => (name.to_owned(), len.trim_end_matches(']').parse().unwrap()),
            None => (name.trim().to_owned(), 1),
        };
        names.map(field).filter(|(name, _)| !name.is_empty()).collect()
    }

    #[test]
    fn host_and_kernels_agree_on_the_sizes() {
        let source = include_str!("kernels/sizes.cuh");
        let expected: Vec<_> = FIELDS.iter().map(|&(name, len)| (name.to_owned(), len)).collect();
        assert_eq!(fields(source, "Sizes"), expected);
        assert!(size_of::<Sizes>() <= MODEL_AT * 4);
        assert_eq!((size_of::<BagData>(), size_of::<Part>()), (64, 16));
    }
}
