//! The listening server: start and graceful stop.

use std::io;
use std::net::{SocketAddr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use engine::Engine;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::errors::ErrorReply;
use crate::gateway::Gateway;
use crate::{Settings, cors, routes};

/// Why the server could not be started.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process has the port.
    #[error("cannot listen on {address}: the port is in use; stop the other process or choose another port")]
    PortInUse {
        /// Address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Any other refusal of the system.
    #[error("cannot listen on {address}: check the address, and that this user may use it")]
    Listen {
        /// Address asked for.
        address: SocketAddr,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// A server that takes requests until it is stopped.
#[derive(Debug)]
pub struct RunningServer {
    /// Where it listens, with the real port when port 0 was asked for.
    pub address: SocketAddr,
    handle: ServerHandle,
    stopping: watch::Sender<bool>,
    join: JoinHandle<io::Result<()>>,
}

impl RunningServer {
    /// Stops accepting, ends streams and sockets, lets requests under way finish within the stop timeout.
    ///
    /// # Errors
    /// What the server itself ended with.
    ///
    /// # Cancel safety
    /// A stop that was begun goes on when this future is dropped.
    pub async fn stop(self) -> io::Result<()> {
        self.stopping.send_replace(true);
        self.handle.stop(true).await;
        self.join.await.map_err(io::Error::other)?
    }

    /// Resolves when the server ends by itself, which is a failure.
    ///
    /// # Errors
    /// What the server ended with.
    ///
    /// # Cancel safety
    /// May be dropped and asked again.
    pub async fn ended(&mut self) -> io::Result<()> {
        (&mut self.join).await.map_err(io::Error::other)?
    }
}

/// Takes an address, before there is anything to serve; port 0 takes any free port.
///
/// # Errors
/// [`ServeError`] when the address cannot be listened on.
pub fn listen(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).map_err(|source| refused(address, source))
}

fn refused(address: SocketAddr, source: io::Error) -> ServeError {
    match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortInUse { address, source },
        _other => ServeError::Listen { address, source },
    }
}

/// Starts the server on an address that was taken by [`listen`].
///
/// # Errors
/// [`ServeError`] when the address can no longer be used.
pub async fn serve(
    engine: Engine,
    settings: Settings,
    listener: TcpListener,
) -> Result<RunningServer, ServeError> {
    let unspecified = SocketAddr::from(([0, 0, 0, 0], 0));
    let address = listener.local_addr().map_err(|source| refused(unspecified, source))?;
    let (stopping, is_stopping) = watch::channel(false);
    let prefix = settings.prefix();
    let workers = settings.workers.max(1);
    let stop_timeout = settings.stop_timeout.as_secs();
    let gateway = web::Data::new(Gateway { engine, settings, stopping: is_stopping });
    let server = HttpServer::new(move || {
        App::new()
            .app_data(gateway.clone())
            .app_data(web::PathConfig::default().error_handler(|error, request| {
                tracing::debug!(%error, "A path could not be read.");
                ErrorReply::no_such_path(request.path()).into()
            }))
            .wrap(from_fn(cors::shared_resources))
            .configure(|app| routes::configure(app, &prefix))
    })
    .workers(workers)
    .shutdown_timeout(stop_timeout)
    .disable_signals()
    .listen(listener)
    .map_err(|source| refused(address, source))?
    .run();
    let handle = server.handle();
    tracing::info!(%address, "Listening.");
    Ok(RunningServer { address, handle, stopping, join: tokio::spawn(server) })
}
