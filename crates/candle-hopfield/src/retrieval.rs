//! Retrieval: the update rule repeated until a state no longer changes.

use candle_core::{D, DType, Result, Tensor, bail};

use crate::energy::{energy, update};

/// When a retrieval ends.
///
/// [`RetrievalConfig::new`] takes the limits that the PyTorch layer has as defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetrievalConfig {
    /// Inverse temperature.
    pub beta: f64,
    /// A state has converged when an update moves it by at most this distance, in the unit of a pattern.
    pub eps: f64,
    /// Most updates of a state.
    pub max_steps: usize,
}

impl RetrievalConfig {
    /// At most 100 updates, until one moves the state by at most 1e-4.
    pub fn new(beta: f64) -> Self {
        Self { beta, eps: 1e-4, max_steps: 100 }
    }
}

/// How the states of a batch moved.
#[derive(Clone, Debug)]
pub struct Trajectory {
    /// States after 0, 1, 2, .. updates, each `(m, d)`. A converged state stays where it is.
    pub states: Vec<Tensor>,
    /// Their energies, each `(m)`, in the squared unit of a pattern; never increasing but for rounding.
    pub energies: Vec<Tensor>,
    /// Updates of every state; the last one of a converged state moved it by at most `eps`.
    pub steps: Vec<usize>,
    /// Whether each state converged within the most updates allowed.
    pub converged: Vec<bool>,
}

impl Trajectory {
    /// The retrieved states `(m, d)`: the last of the trajectory.
    ///
    /// # Panics
    ///
    /// If `states` was emptied; [`retrieve`] always leaves the cues there.
    pub fn retrieved(&self) -> &Tensor {
        self.states.last().expect("the cues are always there")
    }
}

/// Retrieves what `cues` resemble: updates every state until it converges.
///
/// ```text
/// xi_(t+1) = X softmax(beta X^T xi_t)   until |xi_(t+1) - xi_t| <= eps
/// ```
///
/// The energy converges from any cue (Theorem 1), and so does the state unless fixed points of one energy
/// are connected (Theorem 2). The retrieved states are differentiable in both tensors, the decision when
/// to stop is not.
///
/// # Shapes
///
/// `stored` `(n, d)`, `cues` `(m, d)`.
///
/// # Errors
///
/// As [`energy`], or when `eps` is negative or not a number.
///
/// # References
///
/// Eq. (3), Theorems 1 and 2 of <https://arxiv.org/abs/2008.02217>.
///
/// # Examples
///
/// ```
/// use candle_core::{Device, Tensor};
/// use candle_hopfield::retrieval::{RetrievalConfig, retrieve};
///
/// let stored = Tensor::new(&[[1f32, 1.0, -1.0, -1.0], [-1.0, 1.0, -1.0, 1.0]], &Device::Cpu)?;
/// let half = Tensor::new(&[[1f32, 1.0, 0.0, 0.0]], &Device::Cpu)?;
/// let trajectory = retrieve(&stored, &half, &RetrievalConfig::new(4.0))?;
/// let retrieved = trajectory.retrieved().to_vec2::<f32>()?;
/// assert!((retrieved[0][3] + 1.0).abs() < 1e-3);
/// # Ok::<(), candle_core::Error>(())
/// ```
pub fn retrieve(stored: &Tensor, cues: &Tensor, config: &RetrievalConfig) -> Result<Trajectory> {
    if config.eps.is_nan() || config.eps < 0.0 {
        bail!("eps is {}, expected zero or more", config.eps);
    }
    let n_states = cues.dim(0)?;
    let mut trajectory = Trajectory {
        energies: vec![energy(stored, cues, config.beta)?],
        states: vec![cues.clone()],
        steps: vec![0; n_states],
        converged: vec![false; n_states],
    };
    for _ in 0..config.max_steps {
        if trajectory.converged.iter().all(|&done| done) {
            break;
        }
        step(stored, config, &mut trajectory)?;
    }
    Ok(trajectory)
}

/// Updates the states that have not converged and notes which of them have now.
fn step(stored: &Tensor, config: &RetrievalConfig, trajectory: &mut Trajectory) -> Result<()> {
    let last = trajectory.retrieved();
    let updated = update(stored, last, config.beta)?; // (m, d)
    let moved = (updated.detach() - last.detach())?.sqr()?.sum(D::Minus1)?.sqrt()?; // (m)
    let moved = moved.to_dtype(DType::F64)?.to_vec1::<f64>()?;
    let stays: Vec<u8> = trajectory.converged.iter().map(|&done| u8::from(done)).collect();
    let stays = Tensor::from_vec(stays, (moved.len(), 1), last.device())?;
    let next = stays.broadcast_as(last.shape())?.where_cond(last, &updated)?; // (m, d)
    for (i, &distance) in moved.iter().enumerate() {
        if !trajectory.converged[i] {
            trajectory.steps[i] += 1;
            trajectory.converged[i] = distance <= config.eps;
        }
    }
    trajectory.energies.push(energy(stored, &next, config.beta)?);
    trajectory.states.push(next);
    Ok(())
}
